/** Wire types of the protobuf encoding whose length does not stand before them. */
const fixedBytes: Readonly<Record<number, number>> = { 1: 8, 5: 4 }
const varintType = 0
const lengthDelimitedType = 2

/**
 * How many bytes of a protobuf message are not of one length-delimited field at its top; all where it cannot be told. Reads
 * tags and lengths alone, however large the message is.
 */
export function bytesBesideField(message: Uint8Array, field: number): number {
  let at = 0
  let inside = 0
  const varint = () => {
    let value = 0
    for (let scale = 1; at < message.length; scale *= 128) {
      const byte = message[at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
    }
    return value
  }
  while (at < message.length) {
    const tag = varint()
    const type = tag % 8
    if (type === varintType) varint()
    else if (type === lengthDelimitedType) {
      const bytes = varint()
      if (Math.floor(tag / 8) === field) inside += Math.min(bytes, message.length - at)
      at += bytes
    } else if (fixedBytes[type] !== undefined) at += fixedBytes[type]
    else return message.length
  }
  return message.length - inside
}
