/**
 * Where a listing goes on. Opaque to callers, and sealed: whoever has a key with a filter could tell from a place among all
 * documents how many others there are, and whoever makes one up would read at places that do not exist. base64url of
 * nonce (12 bytes), sealed place (20) and tag (16), AES-256-GCM with a key made of the index's uid, which no answer tells and
 * every coordinator knows. What the listing is of is authenticated with it.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import { HypershardError } from '@hypershard/common'

export interface ListCursor {
  readonly generation: number
  readonly version: number
  readonly shard: number
  /** The first document of the next page. */
  readonly segment: number
  readonly row: number
}

/** What a cursor belongs to; with another it is refused. */
export interface ListOwner {
  readonly indexUid: string
  /** As JSON. */
  readonly filter: string
}

const cipher = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16
/** Five numbers of 32 bits. */
const placeBytes = 20

export function encodeListCursor(cursor: ListCursor, owner: ListOwner): string {
  const place = Buffer.alloc(placeBytes)
  const { generation, version, shard, segment, row } = cursor
  for (const [at, value] of [generation, version, shard, segment, row].entries()) place.writeUInt32LE(value, 4 * at)
  const nonce = randomBytes(nonceBytes)
  const sealing = createCipheriv(cipher, keyOf(owner), nonce).setAAD(ownerBytes(owner))
  return Buffer.concat([nonce, sealing.update(place), sealing.final(), sealing.getAuthTag()]).toString('base64url')
}

/** @throws HypershardError `invalid_cursor` */
export function decodeListCursor(text: string, owner: ListOwner): ListCursor {
  const place = open(Buffer.from(text, 'base64url'), owner)
  if (place === undefined) {
    const message =
      'cursor: torn, or of another index or filter; pass `next_cursor` of an answer unchanged, with the same filter'
    throw new HypershardError('invalid_cursor', message)
  }
  const [generation, version, shard, segment, row] = [0, 4, 8, 12, 16].map(at => place.readUInt32LE(at))
  return { generation: generation!, version: version!, shard: shard!, segment: segment!, row: row! }
}

function open(bytes: Buffer, owner: ListOwner): Buffer | undefined {
  if (bytes.length !== nonceBytes + placeBytes + tagBytes) return undefined
  const opening = createDecipheriv(cipher, keyOf(owner), bytes.subarray(0, nonceBytes))
  opening.setAAD(ownerBytes(owner)).setAuthTag(bytes.subarray(-tagBytes))
  try {
    return Buffer.concat([opening.update(bytes.subarray(nonceBytes, -tagBytes)), opening.final()])
  } catch {
    // Its tag is wrong: that is how the cipher tells.
    return undefined
  }
}

function keyOf({ indexUid }: ListOwner): Buffer {
  return createHash('sha256').update(`hypershard list cursor ${indexUid}`).digest()
}

function ownerBytes({ filter }: ListOwner): Buffer {
  return Buffer.from(filter)
}
