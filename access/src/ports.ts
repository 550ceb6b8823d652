import type { KeyRecord } from './key-record.ts'

/** Where keys are kept. Every method rejects with a HypershardError. */
export interface KeyStore {
  /** For messages: without a password that its address may have. */
  readonly name: string
  /** All keys. @throws HypershardError `invalid_config` for what is not as the format says, `unavailable` */
  read(): Promise<readonly KeyRecord[]>
  /** @throws HypershardError `invalid_config`, `unavailable` */
  add(key: KeyRecord): Promise<void>
  /** @returns whether there was one of this id */
  remove(id: string): Promise<boolean>
  close(): void
}
