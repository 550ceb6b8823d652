/** Bodies that come compressed (`Content-Encoding`, RFC 9110 8.4). docs/api.md. */
import type { Readable } from 'node:stream'
import {
  type BrotliDecompress,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  type Gunzip,
  type Inflate,
  type ZstdDecompress,
} from 'node:zlib'
import { HypershardError, messageOf } from '@hypershard/common'

type Decoder = BrotliDecompress | Gunzip | Inflate | ZstdDecompress

interface Coding {
  readonly name: string
  readonly create: () => Decoder
  /** Several streams behind each other are one body, as parallel compressors write them, and Node stops after the first. */
  readonly hasFrames?: true
}

const gzip: Coding = { name: 'gzip', create: createGunzip }

const codings: Readonly<Record<string, Coding>> = {
  gzip,
  'x-gzip': gzip,
  zstd: { name: 'zstd', create: createZstdDecompress, hasFrames: true },
  br: { name: 'br', create: createBrotliDecompress },
  deflate: { name: 'deflate', create: createInflate },
}

/** Told to whoever sends another. */
export const acceptedEncodings = 'gzip, zstd, br, deflate'

/**
 * A body may grow to this many times what was sent, once it is larger than `freeBytes`: lines of documents shrink to a
 * twentieth, 64 KiB of zeros to a thousandth. What a plain body may have bounds it as well.
 */
const growthMax = 200
const freeBytes = 16 * 1024 * 1024

export interface DecodedBody {
  readonly chunks: AsyncGenerator<Buffer>
  /** Of the body as it was sent, so far. */
  readonly encodedBytes: () => number
}

/**
 * The body as it was before it was compressed, chunk by chunk; undefined for one that is not compressed. Reading it throws
 * HypershardError `invalid_request` for a stream that is corrupt or breaks off, `request_too_large` for one that grows too
 * much, and `cancelled` when the connection breaks off.
 * @param encoding the header `Content-Encoding`
 * @throws HypershardError `unsupported_encoding`
 */
export function decodeBody(source: Readable, encoding: string | undefined): DecodedBody | undefined {
  const names = (encoding ?? '')
    .toLowerCase()
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '' && name !== 'identity')
  const [name] = names
  if (name === undefined) return undefined
  const coding = names.length === 1 && Object.hasOwn(codings, name) ? codings[name] : undefined
  if (coding === undefined) {
    const message = `Content-Encoding: ${JSON.stringify(encoding)} is not supported; send one of ${acceptedEncodings}, or none`
    throw new HypershardError('unsupported_encoding', message, { details: { accepted: acceptedEncodings.split(', ') } })
  }
  const body = new EncodedBody(source, coding)
  return { chunks: body.decode(), encodedBytes: () => body.encodedBytes }
}

/** Feeds a compressed stream through its decoder, and keeps count of both sides. */
class EncodedBody {
  encodedBytes = 0
  #decodedBytes = 0
  readonly #source: Readable
  readonly #chunks: AsyncIterator<Buffer>
  readonly #coding: Coding

  constructor(source: Readable, coding: Coding) {
    this.#source = source
    // The connection must outlive a fault of the body: the answer goes over it.
    this.#chunks = source.iterator({ destroyOnReturn: false })
    this.#coding = coding
  }

  async *decode(): AsyncGenerator<Buffer> {
    try {
      for (let left: Buffer | undefined = Buffer.alloc(0); left !== undefined; ) left = yield* this.#decodeStream(left)
    } finally {
      // Whatever is still to come is dropped, or the client would wait for ever to send it.
      void Promise.resolve(this.#chunks.return?.()).then(
        () => this.#source.resume(),
        () => undefined,
      )
    }
  }

  /**
   * @param left bytes that were read already
   * @returns the bytes behind its end, undefined at the end of the body
   */
  async *#decodeStream(left: Buffer): AsyncGenerator<Buffer, Buffer | undefined> {
    const decoder = this.#coding.create()
    const feeding = this.#feed(decoder, left)
    feeding.catch(error => decoder.destroy(error))
    try {
      for await (const chunk of decoder as AsyncIterable<Buffer>) {
        this.#count(chunk)
        yield chunk
      }
    } catch (error) {
      throw error instanceof HypershardError ? error : this.#corrupt(messageOf(error), error)
    } finally {
      decoder.destroy()
    }
    const behind = await feeding
    if (behind !== undefined && this.#coding.hasFrames !== true)
      throw this.#corrupt('there is something behind its end')
    return behind
  }

  async #feed(decoder: Decoder, left: Buffer): Promise<Buffer | undefined> {
    let fedBytes = 0
    for (let chunk: Buffer | undefined = left; chunk !== undefined; chunk = await this.#next()) {
      if (chunk.length === 0) continue
      if (!(await write(decoder, chunk))) return undefined
      fedBytes += chunk.length
      const behindBytes = fedBytes - decoder.bytesWritten
      if (behindBytes > 0) return chunk.subarray(chunk.length - behindBytes)
    }
    decoder.end()
    return undefined
  }

  async #next(): Promise<Buffer | undefined> {
    try {
      const next = await this.#chunks.next()
      if (next.done === true) return undefined
      this.encodedBytes += next.value.length
      return next.value
    } catch (cause) {
      throw new HypershardError('cancelled', 'the body broke off before its end; send it again', { cause })
    }
  }

  #count(chunk: Buffer): void {
    this.#decodedBytes += chunk.length
    if (this.#decodedBytes <= Math.max(freeBytes, growthMax * this.encodedBytes)) return
    const message =
      `body: more than ${growthMax} times larger than its ${this.#coding.name} stream; send it uncompressed, or in pieces. ` +
      'nothing of it was written'
    throw new HypershardError('request_too_large', message, { details: { growthMax, freeBytes } })
  }

  #corrupt(fault: string, cause?: unknown): HypershardError {
    const message =
      `body: its ${this.#coding.name} stream is corrupt or breaks off, after ${this.encodedBytes} bytes (${fault}); ` +
      'nothing of it was written, send it again'
    return new HypershardError('invalid_request', message, {
      details: { encodedBytes: this.encodedBytes, decodedBytes: this.#decodedBytes },
      cause,
    })
  }
}

/** Whether the decoder took the chunk; one that has failed says nothing to who writes. */
function write(decoder: Decoder, chunk: Buffer): Promise<boolean> {
  return new Promise(resolve => {
    const onClose = () => resolve(false)
    decoder.once('close', onClose)
    decoder.write(chunk, error => {
      decoder.off('close', onClose)
      resolve(error === undefined || error === null)
    })
  })
}
