import {
  drawKey,
  type KeyRecord,
  type KeyStore,
  keyRecordSchema,
  openKeyStore,
  type Scope,
  scopes,
} from '@hypershard/access'
import { HypershardError } from '@hypershard/common'
import { type Command, InvalidArgumentError } from 'commander'
import { renderTable } from '../terminal/render-table.ts'
import { boldHeading } from './bold-heading.ts'
import type { CommandContext } from './context.ts'
import { commaList, jsonObject, positiveNumber } from './parse-option.ts'

/** `hypershard key ...` */
export function addKeyCommands(program: Command, context: CommandContext): void {
  const group = program.command('key').description('API keys: create, list, revoke')
  const command = (name: string) =>
    group
      .command(name)
      .option(
        '--keys <file|redis>',
        'where coordinators read keys; or set HYPERSHARD_KEYS (a file, or redis://host:port)',
      )
  command('create')
    .requiredOption('--name <name>', 'what it is called in lists and logs')
    .requiredOption('--scopes <list>', `with commas between, some of ${scopes.join(', ')}`, scopeList)
    .option('--indexes <list>', 'indexes that it may use, with commas between and * for any characters', commaList, [
      '*',
    ])
    .option('--filter <json>', 'of a tenant: only documents that pass it exist for this key', jsonObject)
    .option('--requests-per-second <n>', 'more are answered 429', positiveNumber)
    .option('--gigaflops-per-second <n>', 'of scoring; more is answered 429', positiveNumber)
    .option('--expires <time>', 'from when on it is refused, such as 2027-01-01 or 2027-01-01T12:00:00Z', time)
    .description('make a key, and show it this once')
    .addHelpText('after', createHelp)
    .action((options: CreateOptions) => createKey(context, options))
  command('list')
    .description('list the keys: never the keys themselves, which nobody has but their owners')
    .action((options: StoreOptions) => listKeys(context, options))
  command('revoke')
    .argument('<id...>', 'the twelve characters behind hs_')
    .description('refuse keys from now on; within five seconds everywhere')
    .action((ids: string[], options: StoreOptions) => revokeKeys(context, ids, options))
}

const createHelp = `
The key alone goes to standard output. Examples:
  hypershard key create --keys keys.json --name ops --scopes search,read,write,admin > ops.key
  hypershard key create --name shop --scopes search --indexes 'products*' --requests-per-second 50
  hypershard key create --name ada --scopes search,read,write --indexes papers \\
    --filter '{"field": "tenant", "equals": "ada"}'`

interface StoreOptions {
  readonly keys?: string
}

interface CreateOptions extends StoreOptions {
  readonly name: string
  readonly scopes: readonly Scope[]
  readonly indexes: readonly string[]
  readonly filter?: Record<string, unknown>
  readonly requestsPerSecond?: number
  readonly gigaflopsPerSecond?: number
  readonly expires?: string
}

async function createKey(context: CommandContext, options: CreateOptions): Promise<void> {
  const { id, text, hash } = drawKey()
  const record = recordOf(context, options, { id, hash })
  await withStore(context, options, store => store.add(record))
  const { hash: _, ...shown } = record
  if (!context.json) {
    const { notes } = context.terminal
    notes.line(`created key ${id} (${record.name}); it is shown this once, so keep it:`)
  }
  context.answer({ ...shown, key: text }, ({ key }) => [key])
}

function recordOf(
  { surroundings }: CommandContext,
  options: CreateOptions,
  { id, hash }: Pick<KeyRecord, 'id' | 'hash'>,
): KeyRecord {
  const { name, indexes, filter, expires, requestsPerSecond, gigaflopsPerSecond } = options
  const limits = {
    ...(requestsPerSecond !== undefined && { requests_per_second: requestsPerSecond }),
    ...(gigaflopsPerSecond !== undefined && { gigaflops_per_second: gigaflopsPerSecond }),
  }
  const by = surroundings.environment.USER
  const parsed = keyRecordSchema.safeParse({
    id,
    name,
    hash,
    scopes: options.scopes,
    indexes,
    ...(filter !== undefined && { filter }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(expires !== undefined && { expires_at: expires }),
    created_at: new Date().toISOString(),
    ...(by !== undefined && by !== '' && { created_by: by }),
  })
  if (parsed.success) return parsed.data
  const told = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new HypershardError('invalid_request', told.join('; '))
}

async function listKeys(context: CommandContext, options: StoreOptions): Promise<void> {
  const { keys, unreadable } = await withStore(context, options, store => store.read())
  for (const { fault } of unreadable) context.terminal.notes.line(`cannot be read, and is refused: ${fault}`)
  const shown = keys.map(({ hash: _, ...key }) => key)
  context.answer({ keys: shown }, () => {
    if (keys.length === 0) return ['no keys yet; `npx hypershard key create` makes one']
    const { out } = context.terminal
    const lines = renderTable(
      [
        { title: 'id' },
        { title: 'name', flexible: true },
        { title: 'scopes' },
        { title: 'indexes', flexible: true },
        { title: 'filter', flexible: true },
        { title: 'expires' },
      ],
      shown.map(key => [
        key.id,
        key.name,
        key.scopes.join(','),
        key.indexes.join(','),
        key.filter === undefined ? '' : JSON.stringify(key.filter),
        expiryOf(key),
      ]),
      out.columns,
    )
    return boldHeading(lines, out)
  })
}

function expiryOf({ expires_at: at }: Pick<KeyRecord, 'expires_at'>): string {
  if (at === undefined) return 'never'
  return Date.parse(at) <= Date.now() ? 'has expired' : at.slice(0, 10)
}

async function revokeKeys(context: CommandContext, ids: readonly string[], options: StoreOptions): Promise<void> {
  const missing: string[] = []
  await withStore(context, options, async store => {
    for (const id of ids) if (!(await store.remove(id))) missing.push(id)
  })
  const revoked = ids.filter(id => !missing.includes(id))
  if (missing.length > 0) {
    const before = revoked.length === 0 ? '' : `; revoked ${revoked.join(', ')}`
    throw new HypershardError('invalid_request', `there is no key ${missing.join(', ')}${before}`)
  }
  context.answer({ revoked }, () => [`revoked ${revoked.join(', ')}; coordinators refuse them within five seconds`])
}

async function withStore<Result>(
  { surroundings }: CommandContext,
  { keys }: StoreOptions,
  work: (store: KeyStore) => Promise<Result>,
): Promise<Result> {
  const location = keys ?? surroundings.environment.HYPERSHARD_KEYS
  if (location === undefined || location === '') {
    const message = 'where are the keys? say --keys <file> or --keys redis://host:port, or set HYPERSHARD_KEYS'
    throw new HypershardError('invalid_request', message)
  }
  const store = openKeyStore(location)
  try {
    return await work(store)
  } finally {
    store.close()
  }
}

function scopeList(text: string): Scope[] {
  return commaList(text).map(word => {
    const scope = scopes.find(known => known === word)
    if (scope === undefined)
      throw new InvalidArgumentError(`It must be some of ${scopes.join(', ')}, with commas between.`)
    return scope
  })
}

function time(text: string): string {
  const ms = Date.parse(text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(ms)) return new Date(ms).toISOString()
  throw new InvalidArgumentError('It must be a time, such as 2027-01-01 or 2027-01-01T12:00:00Z.')
}
