/** API keys for tests: a keys file in a folder of its own, and the keys themselves. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drawKey, type KeyRecord, renderKeys, scopes } from '@hypershard/access'

/** What a key may do; everything where it says nothing. */
export type TestKey = Partial<Omit<KeyRecord, 'id' | 'hash' | 'name'>>

export interface TestKeys<Name extends string> {
  /** For HYPERSHARD_KEYS. */
  readonly path: string
  /** By name: what is sent with a request. */
  readonly headers: Readonly<Record<Name, { readonly authorization: string }>>
  readonly ids: Readonly<Record<Name, string>>
  /** The keys themselves. */
  readonly texts: Readonly<Record<Name, string>>
  /** What is stored of them. */
  readonly records: Readonly<Record<Name, KeyRecord>>
  /** Leaves only these, as a revocation of the others does. */
  keepOnly(names: readonly Name[]): Promise<void>
  remove(): Promise<void>
}

/**
 * @example
 * ```ts
 * const keys = await writeTestKeys({ root: {}, reader: { scopes: ['read'], indexes: ['papers*'] } })
 * await fetch(`${url}/v1/indexes`, { headers: keys.headers.reader })
 * ```
 */
export async function writeTestKeys<Name extends string>(
  asked: Readonly<Record<Name, TestKey>>,
): Promise<TestKeys<Name>> {
  const folder = await mkdtemp(join(tmpdir(), 'hypershard-keys-'))
  const path = join(folder, 'keys.json')
  const names = Object.keys(asked) as Name[]
  const drawn = names.map(name => ({ name, ...drawKey() }))
  const records = drawn.map(({ name, id, hash }): KeyRecord => {
    const usual = { scopes: [...scopes], indexes: ['*'], created_at: '2026-01-01T00:00:00Z' }
    return { ...usual, ...asked[name], id, name, hash }
  })
  const write = (kept: readonly KeyRecord[]) => writeFile(path, renderKeys(kept), { mode: 0o600 })
  await write(records)
  const byName = <Value>(ofKey: (at: number) => Value) =>
    Object.fromEntries(names.map((name, at) => [name, ofKey(at)])) as Record<Name, Value>
  return {
    path,
    headers: byName(at => ({ authorization: `Bearer ${drawn[at]!.text}` })),
    ids: byName(at => drawn[at]!.id),
    texts: byName(at => drawn[at]!.text),
    records: byName(at => records[at]!),
    keepOnly: kept => write(records.filter(({ name }) => kept.includes(name as Name))),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}
