// Loads over HTTP, and says why where the server refuses.

const LONGEST_TEXT = 160;
// The query is wrong: asked again, or for another form of the channel, it is no better.
const WRONG = 400;

/** The server's answer is an error; the message is for a person. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }

  get isFinal(): boolean {
    return this.status === WRONG;
  }
}

/** The answer, whose body may never end; rejects with `Refused` where it is an error. */
export async function load(url: URL, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(url, { cache: "no-store", signal });
  if (!answer.ok) throw new Refused(answer.status, await lineOf(answer));
  return answer;
}

async function lineOf({ status, body }: Response): Promise<string> {
  const read = await body?.getReader().read();
  const [line = ""] = new TextDecoder().decode(read?.value).split("\n");
  return (line.startsWith("<") || !line ? `the server says ${status}` : line).slice(0, LONGEST_TEXT);
}
