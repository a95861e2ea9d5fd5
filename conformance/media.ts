/** The smallest media that are what they claim to be. */

/** A PNG of one red pixel. */
export const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

/** A WAV of eight samples of silence: 8 kHz, mono, 8 bit. */
export const WAV: string = Buffer.concat([
  Buffer.from("RIFF"),
  uint32(36 + 8),
  Buffer.from("WAVEfmt "),
  uint32(16),
  // PCM, one channel.
  Buffer.from([1, 0, 1, 0]),
  uint32(8000),
  uint32(8000),
  // One byte a frame, eight bits a sample.
  Buffer.from([1, 0, 8, 0]),
  Buffer.from("data"),
  uint32(8),
  Buffer.alloc(8, 128),
]).toString("base64");

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
