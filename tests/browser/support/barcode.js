// Reads the barcode of the test pattern from anything that a canvas can draw.
// The format is that of src/televise/formats/barcode.py.

const readBarcode = (() => {
  const CELLS = 32;
  const HEIGHTS = [0.025, 0.075];
  const NUMBER_BITS = 24;
  const MILLISECOND_BITS = 27;
  const CHECK_BITS = 9;
  const POLYNOMIAL = 0b1011000011;

  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d", { willReadFrequently: true });

  // One line of pixels from the middle of each row of the barcode.
  function cells(source, width, height) {
    canvas.width = width;
    canvas.height = 2;
    HEIGHTS.forEach((at, row) => {
      context.drawImage(source, 0, Math.floor(at * height), width, 1, 0, row, width, 1);
    });
    const { data } = context.getImageData(0, 0, width, 2);
    const luma = (row, x) => {
      const at = (row * width + x) * 4;
      return 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
    };
    return [0, 1].map((row) =>
      Array.from({ length: CELLS }, (_, cell) => luma(row, Math.floor(((cell + 0.5) * width) / CELLS))),
    );
  }

  function checksum(content) {
    let register = (1n << BigInt(CHECK_BITS)) - 1n;
    const top = BigInt(CHECK_BITS);
    for (let shift = NUMBER_BITS + MILLISECOND_BITS - 1; shift >= 0; shift -= 1) {
      register = (register << 1n) ^ (((content >> BigInt(shift)) & 1n) << top);
      if (register >> top) register ^= BigInt(POLYNOMIAL) | (1n << top);
    }
    return register;
  }

  function decode(rows) {
    let value = 0n;
    for (const row of rows) {
      const threshold = (row[0] + row[CELLS - 1]) / 2;
      if (row[0] - row[CELLS - 1] < 64) return null;
      for (const cell of row.slice(1, -1)) value = (value << 1n) | (cell > threshold ? 1n : 0n);
    }
    const content = value >> BigInt(CHECK_BITS);
    if ((value & ((1n << BigInt(CHECK_BITS)) - 1n)) !== checksum(content)) return null;
    return {
      number: Number(content >> BigInt(MILLISECOND_BITS)),
      milliseconds: Number(content & ((1n << BigInt(MILLISECOND_BITS)) - 1n)),
    };
  }

  // {number, milliseconds}, or null where there is none; width and height are the source's own.
  return (source, width, height) => (width && height ? decode(cells(source, width, height)) : null);
})();
