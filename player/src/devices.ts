// What can be chosen as picture and sound.

export interface Choice {
  value: string;
  label: string;
}

export interface Choices {
  pictures: Choice[];
  sounds: Choice[];
}

export const SCREEN = "screen";
export const NO_SOUND = "none";
/** The two cameras of a phone, as `facingMode` has them; its list of lenses helps nobody. */
export const FRONT = "user";
export const BACK = "environment";

/** `touch`: a phone or tablet; `screen`: the browser can show the screen. */
export function choicesOf(
  devices: readonly Pick<MediaDeviceInfo, "kind" | "deviceId" | "label">[],
  { touch, screen }: { touch: boolean; screen: boolean },
): Choices {
  const named = (kind: MediaDeviceKind, noun: string): Choice[] =>
    devices
      .filter((device) => device.kind === kind)
      // Without a permission there are no names, and no more than one of each kind.
      .map(({ deviceId, label }, index) => ({ value: deviceId, label: label || numbered(noun, index) }));
  const cameras = named("videoinput", "Camera");
  const facing = [
    { value: FRONT, label: "Front camera" },
    { value: BACK, label: "Back camera" },
  ];
  return {
    pictures: [
      ...(touch && cameras.length > 0 ? facing : cameras),
      ...(screen ? [{ value: SCREEN, label: "Screen or window" }] : []),
    ],
    sounds: [
      ...named("audioinput", "Microphone"),
      ...(screen ? [{ value: SCREEN, label: "Sound of the screen" }] : []),
      { value: NO_SOUND, label: "No sound" },
    ],
  };
}

function numbered(noun: string, index: number): string {
  return index === 0 ? noun : `${noun} ${index + 1}`;
}
