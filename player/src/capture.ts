// Opens what was chosen: camera or screen, and the sound with it.

import { BACK, FRONT, NO_SOUND, SCREEN } from "./devices.js";

export interface CaptureWish {
  /** The value of a choice of `devices.ts`. */
  picture: string;
  sound: string;
  /** Of the picture, in pixels. */
  height: number;
}

const FPS = 30;
const SHAPE = 16 / 9;

/** Rejects with a line for a person. */
export async function capture(wish: CaptureWish): Promise<MediaStream> {
  try {
    return await (wish.picture === SCREEN ? captureScreen(wish) : captureCamera(wish));
  } catch (error) {
    throw new Error(explain(error, wish.picture === SCREEN), { cause: error });
  }
}

export function end(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

function captureCamera({ picture, sound, height }: CaptureWish): Promise<MediaStream> {
  const facing = picture === FRONT || picture === BACK;
  const which = facing ? { facingMode: picture } : chosen(picture);
  const video = { ...sizeOf(height), ...which };
  return navigator.mediaDevices.getUserMedia({ video, audio: microphone(sound) });
}

async function captureScreen({ sound, height }: CaptureWish): Promise<MediaStream> {
  const { mediaDevices } = navigator;
  const stream = await mediaDevices.getDisplayMedia({ video: sizeOf(height), audio: sound === SCREEN });
  const audio = microphone(sound);
  if (!audio) return stream;
  try {
    const spoken = await mediaDevices.getUserMedia({ audio });
    return new MediaStream([...stream.getVideoTracks(), ...spoken.getAudioTracks()]);
  } catch (error) {
    end(stream);
    throw error;
  }
}

function sizeOf(height: number): MediaTrackConstraints {
  const width = Math.round(height * SHAPE);
  return { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: FPS } };
}

function microphone(sound: string): MediaTrackConstraints | false {
  return sound !== NO_SOUND && sound !== SCREEN && chosen(sound);
}

/** Before a permission is given devices have no identifiers. */
function chosen(deviceId: string): MediaTrackConstraints {
  return deviceId ? { deviceId: { exact: deviceId } } : {};
}

function explain(error: unknown, screen: boolean): string {
  const { name, message } = error as DOMException;
  if (name === "NotAllowedError" && screen) return "no screen was chosen, or the browser does not allow it";
  if (name === "NotAllowedError") return "camera or microphone are not allowed: change that beside the page's address";
  if (name === "NotFoundError") return "there is no such camera or microphone: choose another one";
  if (name === "NotReadableError") return "another program uses the camera or the microphone";
  return message || name;
}
