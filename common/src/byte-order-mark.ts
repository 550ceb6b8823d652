/** What some editors write before a text in UTF-8. It says nothing, and JSON knows no such character. */
export const byteOrderMark: Uint8Array = Buffer.from('\uFEFF')

/**
 * The bytes of a text without the byte order mark that they may begin with.
 * @example withoutByteOrderMark(Buffer.from('\uFEFF{}')).toString() // '{}'
 */
export function withoutByteOrderMark(bytes: Buffer): Buffer {
  const marked = byteOrderMark.every((byte, at) => bytes[at] === byte)
  return marked ? bytes.subarray(byteOrderMark.length) : bytes
}

/** Whether bytes begin as a text in UTF-16 does that was written with its byte order mark. */
export function looksLikeUtf16(bytes: Uint8Array): boolean {
  const [first, second] = bytes
  return (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)
}
