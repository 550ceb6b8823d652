import { z } from 'zod'
import { hostAndPort } from './config.ts'
import { logLevels } from './logging.ts'

const pemFile = (text: string) => z.string().min(1).optional().describe(`${text} A PEM file.`)

function percent() {
  return z
    .string()
    .regex(/^\d+(\.\d+)?$/, 'must be a number')
    .transform(Number)
    .pipe(z.number().max(100, 'must be at most 100'))
}

/** Settings that every process of the cluster has. */
export const serviceConfig = {
  HYPERSHARD_ADMIN_LISTEN: hostAndPort()
    .optional()
    .describe(
      'Where the process answers `/healthz`, `/readyz`, `/metrics` and `/telemetry` over plain HTTP, `host:port`; port 0 ' +
        'takes a free one, and nowhere when not given. Documents and queries are never seen there.',
    ),
  HYPERSHARD_METRICS: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether the process counts and measures what it does.'),
  HYPERSHARD_TLS_CERT: pemFile(
    'The certificate that the process proves itself with to the other processes of its cluster, as server and as ' +
      'client, and those between it and the CA. It must carry the DNS name `hypershard.internal`, or the name or ' +
      'address that others call it by. With HYPERSHARD_TLS_KEY and HYPERSHARD_TLS_CA, or none of the three; all are ' +
      'read again when they change.',
  ),
  HYPERSHARD_TLS_KEY: pemFile('The private key of HYPERSHARD_TLS_CERT, without a passphrase.'),
  HYPERSHARD_TLS_CA: pemFile(
    'The CAs that sign the certificates of the processes of this cluster, and of nothing else: whoever has a ' +
      'certificate of theirs is let in.',
  ),
  HYPERSHARD_INSECURE: z
    .enum(['true', 'false'])
    .default('false')
    .transform(value => value === 'true')
    .describe(
      '`true` lets the process listen beyond loopback although nothing protects the port: no HYPERSHARD_TLS_* between ' +
        'processes, no HYPERSHARD_KEYS at the public ports. Otherwise it does not start.',
    ),
  HYPERSHARD_TRACE_OTLP_URL: z
    .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
    .optional()
    .describe(
      'The collector that traces are sent to by OTLP over HTTP, as `http://127.0.0.1:4318`; without a path, `/v1/traces` ' +
        'is taken. Nothing is traced when not given. Headers that the collector asks for stand in ' +
        '`OTEL_EXPORTER_OTLP_HEADERS`.',
    ),
  HYPERSHARD_TRACE_SAMPLE_PERCENT: percent()
    .default(1)
    .describe(
      'Of the requests and jobs that come without a trace, how many percent are traced. One that comes with a sampled ' +
        '`traceparent` is always traced.',
    ),
  HYPERSHARD_TELEMETRY_FILE: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A JSON file with `metrics` (`"on"` or `"off"`) and `trace_sample_percent` (a number), or one of them, in place of ' +
        'HYPERSHARD_METRICS and HYPERSHARD_TRACE_SAMPLE_PERCENT; read again every two seconds, so that both can be ' +
        'changed while the process runs.',
    ),
  HYPERSHARD_LOG_LEVEL: z.enum(logLevels).default('info').describe('How much is logged, to standard error.'),
} as const

/** Beginnings of names that every process has: an unknown name with one of them is a typing error. */
export const servicePrefixes: readonly string[] = [
  'HYPERSHARD_TLS_',
  'HYPERSHARD_ADMIN_',
  'HYPERSHARD_TRACE_',
  'HYPERSHARD_TELEMETRY_',
]
