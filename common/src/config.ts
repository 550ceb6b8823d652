import { z } from 'zod'
import { HypershardError } from './errors/hypershard-error.ts'
import { internalProxies } from './grpc/channel-options.ts'
import { withoutServiceLinks } from './service-links.ts'

/**
 * The settings of one process: environment variable names to zod schemas. Each schema's `.describe()` text is its
 * entry in docs/config.md, which is generated.
 */
export type ConfigShape = Readonly<Record<string, z.ZodType>>

export type Config<Shape extends ConfigShape> = Readonly<{ [Name in keyof Shape]: z.output<Shape[Name]> }>

/**
 * Reads and freezes a process's settings.
 * @param environment usually `process.env`; only `main.ts` files pass it. What Kubernetes puts there for services is
 *   left out
 * @param ownPrefixes a variable that starts so and is not in the shape is likely a typing error, and refused; those of
 *   other processes may stand in the same environment
 * @throws HypershardError `invalid_config`, with every problem in one message
 * @example
 * ```ts
 * const shape = { HYPERSHARD_DEMO_THREADS: wholeNumber({ min: 1, max: 64 }).default(2) }
 * const config = readConfig(shape, process.env, ['HYPERSHARD_DEMO_'])
 * config.HYPERSHARD_DEMO_THREADS // a number
 * ```
 */
export function readConfig<Shape extends ConfigShape>(
  shape: Shape,
  environment: Readonly<Record<string, string | undefined>>,
  ownPrefixes: readonly string[] = ['HYPERSHARD_'],
): Config<Shape> {
  const settings = withoutServiceLinks(environment)
  const problems: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(shape)) {
    const parsed = schema.safeParse(settings[name] === '' ? undefined : settings[name])
    if (parsed.success) values[name] = parsed.data
    else problems.push(`${name}: ${parsed.error.issues.map(issue => issue.message).join(', ')}`)
  }
  for (const name of Object.keys(settings)) {
    if (Object.hasOwn(shape, name) || !ownPrefixes.some(prefix => name.startsWith(prefix))) continue
    problems.push(`${name}: no such setting; docs/config.md lists them`)
  }
  if (problems.length > 0) {
    throw new HypershardError('invalid_config', `settings: ${problems.join('; ')}`, { details: { problems } })
  }
  return Object.freeze(values) as Config<Shape>
}

/** A whole number in a range, written in decimal. */
export function wholeNumber(range: { min: number; max: number }) {
  return z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(range.min, `must be at least ${range.min}`).max(range.max, `must be at most ${range.max}`))
}

const portMax = 65_535

/** `host:port`; port 0 takes a free one. */
export function hostAndPort() {
  return z
    .string()
    .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$/, { error: 'must be host:port', abort: true })
    .refine(address => portOf(address) <= portMax, `must have a port of at most ${portMax}`)
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

/** Whether the cluster's own gRPC calls may go through a proxy. */
export function internalProxy() {
  return z
    .enum(internalProxies)
    .default('off')
    .describe(
      'Calls to other processes of the cluster go straight to them, whatever `http_proxy` says. `environment` sends ' +
        'them through the proxy of `grpc_proxy`, `https_proxy` or `http_proxy`, but for what `no_grpc_proxy` or ' +
        '`no_proxy` names.',
    )
}

/** A comma-separated list, at least one entry. */
export function commaList() {
  return z
    .string()
    .transform(list =>
      list
        .split(',')
        .map(entry => entry.trim())
        .filter(entry => entry !== ''),
    )
    .pipe(z.array(z.string()).min(1, 'must name at least one'))
}
