import type { KeyRecord } from './key-record.ts'

/** A record that is not as the format says. */
export interface UnreadableKey {
  readonly id: string
  readonly fault: string
}

export interface StoredKeys {
  readonly keys: readonly KeyRecord[]
  /** Whoever sends one of these is refused. Only where each key is stored by itself. */
  readonly unreadable: readonly UnreadableKey[]
}

/** Where keys are kept. Every method rejects with a HypershardError. */
export interface KeyStore {
  /** For messages: without a password that its address may have. */
  readonly name: string
  /** All keys. @throws HypershardError `invalid_config` for a whole that is not as the format says, `unavailable` */
  read(): Promise<StoredKeys>
  /** @throws HypershardError `invalid_config`, `unavailable` */
  add(key: KeyRecord): Promise<void>
  /** @returns whether there was one of this id */
  remove(id: string): Promise<boolean>
  close(): void
}
