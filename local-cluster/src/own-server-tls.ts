import { readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'

/** What of TLS a request may be told. */
export type RequestTls = Pick<RequestOptions, 'ca' | 'checkServerIdentity'> & {
  readonly allowPartialTrustChain?: boolean
}

/**
 * For requests to a server of ours on this machine: its certificate is the one in this file, whoever signed it and
 * whatever name it is for.
 */
export function ownServerTls(certificatePath: string): RequestTls {
  return {
    ca: readFileSync(certificatePath, 'utf8'),
    allowPartialTrustChain: true,
    checkServerIdentity: () => undefined,
  }
}
