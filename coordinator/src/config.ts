import { announcementsConfig } from '@hypershard/announcements'
import { type Config, commaList, hostAndPort, internalProxy, serviceConfig, wholeNumber } from '@hypershard/common'
import { membershipConfig, membersSetting } from '@hypershard/membership'
import { z } from 'zod'
import { hedgePercentUsual } from './search/hedge-budget.ts'
import { queryFormSettings } from './search/query-forms.ts'

/** As browsers send it: another spelling would never match, without a word. */
const corsOrigin = z
  .string()
  .refine(
    origin => origin === '*' || isOrigin(origin),
    'must be * or origins as browsers send them: https://app.example.com, in lower case, without a path or the default port',
  )

function isOrigin(text: string): boolean {
  if (/^https?:/.test(text)) return URL.parse(text)?.origin === text
  // Of extensions and apps, which URL knows no origin of.
  return /^[a-z][a-z0-9+.-]*:\/\/[a-z0-9.-]+(:\d+)?$/.test(text)
}

const withDefault = (value: number, range: { min: number; max: number }) =>
  z.string().default(String(value)).pipe(wholeNumber(range))

/** The coordinator's settings. */
export const coordinatorConfig = {
  HYPERSHARD_HTTP_LISTEN: z
    .string()
    .default('127.0.0.1:7700')
    .pipe(hostAndPort())
    .describe('Where the public HTTP API listens, `host:port`; port 0 takes a free one.'),
  HYPERSHARD_HTTP_CORS_ORIGINS: commaList()
    .pipe(z.array(corsOrigin))
    .optional()
    .describe(
      'Origins whose pages may call the HTTP API from a browser, such as `https://app.example.com`, with commas between, ' +
        'or `*` for any; none if left out. Cookies and other credentials are never taken.',
    ),
  HYPERSHARD_GRPC_LISTEN: z
    .string()
    .default('127.0.0.1:7701')
    .pipe(hostAndPort())
    .describe('Where the public gRPC API listens, `host:port`; port 0 takes a free one.'),
  HYPERSHARD_INTERNAL_LISTEN: hostAndPort()
    .optional()
    .describe(
      'Where other processes of the cluster are heard over gRPC, `host:port`; port 0 takes a free one. Without it they are ' +
        'heard at HYPERSHARD_GRPC_LISTEN. Required with HYPERSHARD_TLS_*, which protect it.',
    ),
  HYPERSHARD_HTTP_TLS_CERT: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The certificate of the public HTTP and gRPC APIs, and those between it and its CA: with it they speak TLS. A PEM ' +
        'file, read again when it changes. With HYPERSHARD_HTTP_TLS_KEY.',
    ),
  HYPERSHARD_HTTP_TLS_KEY: z
    .string()
    .min(1)
    .optional()
    .describe('The private key of HYPERSHARD_HTTP_TLS_CERT, without a passphrase. A PEM file.'),
  HYPERSHARD_KEYS: z
    .string()
    .min(1)
    .optional()
    .describe(
      'The API keys that are let in: a file, or `redis://host:port`; read again every second. Without it nobody is asked ' +
        'for a key.',
    ),
  HYPERSHARD_AUDIT_LOG: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A file in which each write and each act of administration is noted, who and what and what came of it; while it ' +
        'cannot be written, these are refused. Nowhere when not given.',
    ),
  HYPERSHARD_ENCODER: membersSetting('the encoder services, such as host:port').describe(
    'The encoder services, in the three ways in which HYPERSHARD_SHARD_SERVERS names shard servers; zones mean nothing.',
  ),
  HYPERSHARD_INTERNAL_PROXY: internalProxy(),
  HYPERSHARD_SHARD_SERVERS: membersSetting('the shard servers, such as host:port with commas between').describe(
    'The shard servers, in one of three ways: `host:port` with commas between, where `host:port=2` holds twice as much ' +
      'as one without a weight and `host:port@zone` says where it stands; `dns:///name:port`, a server for each address ' +
      'that the name has (`dns://server:port/name:port` asks one DNS server); or `redis://host:port`, a Redis in which ' +
      'servers announce themselves.',
  ),
  ...membershipConfig,
  HYPERSHARD_STORE: z
    .string('is required: the object store')
    .min(1)
    .describe(
      'The object store, a directory or `s3://bucket/prefix?region=…&endpoint=…`, the same for all processes of a cluster. Any number of coordinators may ' +
        'serve one store.',
    ),
  ...serviceConfig,
  HYPERSHARD_SEARCH_IN_FLIGHT_MAX: withDefault(64, { min: 1, max: 10_000 }).describe('Searches that run at a time.'),
  HYPERSHARD_SEARCH_WAITING_MAX: withDefault(256, { min: 0, max: 100_000 }).describe(
    'Searches that may wait for their turn; the next is refused as `overloaded`.',
  ),
  HYPERSHARD_SEARCH_HEDGE_PERCENT: withDefault(hedgePercentUsual, { min: 0, max: 100 }).describe(
    'Of the calls of shard servers, how many percent may be made of a second server because the first is late; 0 makes ' +
      'none.',
  ),
  HYPERSHARD_SEARCH_WARM_UP_MS: withDefault(2_000, { min: 0, max: 60_000 }).describe(
    'How long a coordinator that starts may make up searches before it listens, in milliseconds, so that the first ' +
      'users wait no longer than others; it stops sooner when they are as fast as they will be. 0 makes none.',
  ),
  HYPERSHARD_SEARCH_SLOW_MS: withDefault(1_000, { min: 0, max: 3_600_000 }).describe(
    'A search that takes longer than this, in milliseconds, is told of in the log, with the times of its stages; 0 tells ' +
      'of none.',
  ),
  HYPERSHARD_SEARCH_SLOW_TEXT: z
    .enum(['on', 'off'])
    .default('off')
    .describe("Whether what is logged of a slow search has the query's text, which may be confidential."),
  HYPERSHARD_PUT_IN_FLIGHT_MAX: withDefault(4, { min: 1, max: 100 }).describe(
    'Writes of documents that run at a time.',
  ),
  HYPERSHARD_PUT_WAITING_MAX: withDefault(16, { min: 0, max: 900 }).describe(
    'Writes that may wait for their turn; the next is refused as `overloaded`.',
  ),
  HYPERSHARD_PUT_TIMEOUT_MS: withDefault(6 * 3_600_000, { min: 1_000, max: 7 * 24 * 3_600_000 }).describe(
    'How long one write of documents may take, in milliseconds.',
  ),
  HYPERSHARD_PUT_LAG_MAX: withDefault(1_000_000, { min: 1, max: 2 ** 40 }).describe(
    'Documents of an index that may wait to be indexed; further writes are refused as `overloaded`, searches go on.',
  ),
  HYPERSHARD_PUT_FREE_PERCENT_MIN: withDefault(2, { min: 0, max: 99 }).describe(
    "Percent of the object store's disk that stays free beside what indexing the waiting writes takes: writes beyond are " +
      'refused as `storage_full`.',
  ),
  ...announcementsConfig,
  HYPERSHARD_REFRESH_MS: withDefault(60_000, { min: 10, max: 600_000 }).describe(
    'How often each index is looked at in the object store for what indexers and other coordinators wrote and did not ' +
      'tell, in milliseconds: what is told is seen at once. While nobody can be heard it is a second at most.',
  ),
  HYPERSHARD_QNET_CACHE_BYTES_MAX: withDefault(256 * 1024 * 1024, { min: 0, max: 2 ** 40 }).describe(
    'Memory for q-nets of recent queries, in bytes; 0 keeps none.',
  ),
  HYPERSHARD_ANSWER_CACHE_BYTES_MAX: withDefault(64 * 1024 * 1024, { min: 0, max: 2 ** 40 }).describe(
    'Memory for whole answers of recent searches, in bytes; a search of the same manifest version is answered with one. 0 keeps none.',
  ),
  HYPERSHARD_QUERY_FORM: z
    .enum(queryFormSettings)
    .default('auto')
    .describe(
      'What shard servers are sent of a query: the q-net as `weights`, or `token_states`, of which they ' +
        'make it themselves; `auto` measures which costs less.',
    ),
  HYPERSHARD_HEALTH_INTERVAL_MS: withDefault(500, { min: 50, max: 60_000 }).describe(
    'How often each shard server is asked whether it lives, in milliseconds.',
  ),
  HYPERSHARD_REPLACE_AFTER_MS: withDefault(30_000, { min: 100, max: 24 * 3_600_000 }).describe(
    'How long a shard server may be away, in milliseconds, before others load its shards: long enough for a restart.',
  ),
} as const

export type CoordinatorConfig = Config<typeof coordinatorConfig>

/** Beginnings of names that are the coordinator's alone: an unknown name with one of them is a typing error. */
export const coordinatorPrefixes: readonly string[] = [
  'HYPERSHARD_HTTP_',
  'HYPERSHARD_KEYS',
  'HYPERSHARD_AUDIT_',
  'HYPERSHARD_GRPC_',
  'HYPERSHARD_SEARCH_',
  'HYPERSHARD_PUT_',
  'HYPERSHARD_QNET_',
  'HYPERSHARD_QUERY_',
  'HYPERSHARD_REFRESH_',
  'HYPERSHARD_REPLACE_',
  'HYPERSHARD_HEALTH_',
  'HYPERSHARD_INTERNAL_',
  'HYPERSHARD_ANNOUNCE_',
]
