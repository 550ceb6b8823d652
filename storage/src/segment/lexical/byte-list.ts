const bytesFirst = 16

/** Bytes that grow at the end; numbers as LEB128, seven bits a byte, the lowest first. */
export class ByteList {
  #bytes = new Uint8Array(bytesFirst)
  #length = 0

  get length(): number {
    return this.#length
  }

  /** @param value an integer of 0 to 2^31 - 1 */
  pushNumber(value: number): void {
    if (this.#length + 5 > this.#bytes.length) this.#grow()
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    this.#bytes[this.#length++] = rest
  }

  /** What was pushed, not copied. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}
