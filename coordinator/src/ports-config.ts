import { HypershardError, type Logger, requireProtection, WatchedCertificates } from '@hypershard/common'
import type { CoordinatorConfig } from './config.ts'

/**
 * Checks that the coordinator's ports may be opened as the settings say.
 * @throws HypershardError `invalid_config`
 */
export function requireSafePorts(config: CoordinatorConfig, log: Logger): void {
  const hasProcessTls = config.HYPERSHARD_TLS_CERT !== undefined
  const { HYPERSHARD_INTERNAL_LISTEN: internal } = config
  if (hasProcessTls && internal === undefined) {
    const why =
      'with HYPERSHARD_TLS_* set, other processes call a port of their own, as HYPERSHARD_COORDINATORS names it'
    throw new HypershardError('invalid_config', `settings: HYPERSHARD_INTERNAL_LISTEN: missing; ${why}`)
  }
  requireProtection(
    [
      { setting: 'HYPERSHARD_HTTP_LISTEN', address: config.HYPERSHARD_HTTP_LISTEN, for: 'clients' },
      { setting: 'HYPERSHARD_GRPC_LISTEN', address: config.HYPERSHARD_GRPC_LISTEN, for: 'clients' },
      ...(internal === undefined
        ? []
        : [{ setting: 'HYPERSHARD_INTERNAL_LISTEN', address: internal, for: 'processes' } as const]),
    ],
    {
      hasProcessTls,
      hasKeys: config.HYPERSHARD_KEYS !== undefined,
      hasPublicTls: config.HYPERSHARD_HTTP_TLS_CERT !== undefined,
      insecure: config.HYPERSHARD_INSECURE,
    },
    log,
  )
}

/**
 * The certificate of the public ports; undefined where they speak plainly.
 * @throws HypershardError `invalid_config` for files that cannot be used, or for one without the other
 */
export async function openPublicCertificates(
  config: CoordinatorConfig,
  log: Logger,
): Promise<WatchedCertificates | undefined> {
  const { HYPERSHARD_HTTP_TLS_CERT: certificate, HYPERSHARD_HTTP_TLS_KEY: key } = config
  if (certificate === undefined && key === undefined) return undefined
  if (certificate === undefined || key === undefined) {
    const problem = `HYPERSHARD_HTTP_TLS_${key === undefined ? 'KEY' : 'CERT'}: missing; HTTPS needs the certificate and its key`
    throw new HypershardError('invalid_config', `settings: ${problem}`)
  }
  const named = { certificate: { name: 'HYPERSHARD_HTTP_TLS_CERT', path: certificate } }
  return WatchedCertificates.open({ ...named, key: { name: 'HYPERSHARD_HTTP_TLS_KEY', path: key } }, log)
}
