/** API keys as their owners hold them: `hs_<id>_<secret>`. docs/formats/keys.md. */
import { createHash, randomBytes } from 'node:crypto'

/** 192 bits. Nobody guesses one, so one round of SHA-256 keeps it: slow hashes are for passwords, which people choose. */
const secretBytes = 24
const idBytes = 6

const keyPattern = /^hs_([0-9a-f]{12})_[0-9a-f]{48}$/

/** A key as its owner sends it, and what is kept of it. */
export interface NewKey {
  readonly id: string
  /** The secret itself: shown once, never stored. */
  readonly text: string
  /** SHA-256 of the text, in hex. */
  readonly hash: string
}

export function drawKey(): NewKey {
  const id = randomBytes(idBytes).toString('hex')
  const text = `hs_${id}_${randomBytes(secretBytes).toString('hex')}`
  return { id, text, hash: digestOfKey(text).toString('hex') }
}

/** The id of what looks like a key; undefined for anything else. */
export function idOfKey(text: string): string | undefined {
  return keyPattern.exec(text)?.[1]
}

/** What is stored and compared: 32 bytes. The id is in it, so that one key's hash is no other key's. */
export function digestOfKey(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
