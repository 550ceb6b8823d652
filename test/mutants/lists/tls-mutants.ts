import type { Mutant } from '../mutant.ts'

const credentials = 'common/src/grpc/credentials.ts'
const credentialsTest = ['common/src/grpc/credentials.test.ts']
const certificatesTest = ['common/src/tls/certificates.test.ts']
const exposureTest = ['common/src/exposure.test.ts']
const clusterTest = ['test/cluster/tls.test.ts']
const hardeningTest = ['coordinator/src/transport/http/hardening.test.ts']

export const tlsMutants: readonly Mutant[] = [
  {
    id: 'tls-no-client-certificate',
    file: credentials,
    find: 'createCertificateProviderServerCredentials(provider, provider, true)',
    replace: 'createCertificateProviderServerCredentials(provider, provider, false)',
    breaks: 'A client without a certificate of the CA reaches no internal port',
    tests: credentialsTest,
  },
  {
    id: 'tls-any-name',
    file: credentials,
    find: 'if (checkServerIdentity(host, certificate) === undefined) return undefined',
    replace: 'if (checkServerIdentity(host, certificate) !== null) return undefined',
    breaks: 'A server is believed for the name in its certificate alone',
    tests: credentialsTest,
  },
  {
    id: 'tls-not-all-three',
    file: credentials,
    find: 'if (missing.length === named.length) return undefined',
    replace: 'if (missing.length > 0) return undefined',
    breaks: 'TLS that is set up by half is not left out without a word',
    tests: credentialsTest,
  },
  {
    id: 'tls-reload-ignored',
    file: credentials,
    find: 'ends.set(listener, certificates.listen(tell))',
    replace: 'ends.set(listener, () => undefined)',
    breaks: 'New connections see the new certificate',
    tests: credentialsTest,
  },
  {
    id: 'tls-reload-unchecked',
    file: 'common/src/tls/watched-certificates.ts',
    find: 'if (reason === this.#told) return',
    replace: 'for (const listener of this.#listeners) listener(this.#current)',
    breaks: 'Files that cannot be used change nothing, and are told of once',
    tests: certificatesTest,
  },
  {
    id: 'tls-foreign-at-start',
    file: 'common/src/tls/read-certificates.ts',
    find: 'if (!leadsTo(chain, roots)) {',
    replace: 'if (roots.length === 0) {',
    breaks: 'A certificate that the CA did not sign is found at the start',
    tests: certificatesTest,
  },
  {
    id: 'tls-expired-at-start',
    file: 'common/src/tls/read-certificates.ts',
    find: 'if (nowMs > leaf.validToDate.getTime()) {',
    replace: 'if (nowMs < 0) {',
    breaks: 'A certificate that has expired is found at the start',
    tests: certificatesTest,
  },
  {
    id: 'tls-key-of-another',
    file: 'common/src/tls/read-certificates.ts',
    find: 'if (!leaf.checkPrivateKey(parseKey(files.key, key))) {',
    replace: 'if (parseKey(files.key, key).type !== `private`) {',
    breaks: 'A key that is not the certificate’s is found at the start, and when files change',
    tests: certificatesTest,
  },
  {
    id: 'exposure-not-in-shard-server',
    file: 'shard-server/src/start-shard-server.ts',
    find: "  requireInternalProtection('HYPERSHARD_SHARD_LISTEN', config, log)",
    replace: '',
    breaks: 'No process listens beyond loopback unprotected',
    tests: ['shard-server/src/exposure.test.ts'],
  },
  {
    id: 'exposure-grpc-forgotten',
    file: 'coordinator/src/ports-config.ts',
    find: "      { setting: 'HYPERSHARD_GRPC_LISTEN', address: config.HYPERSHARD_GRPC_LISTEN, for: 'clients' },",
    replace: '',
    breaks: 'No port of a coordinator is forgotten',
    tests: ['coordinator/src/ports-config.test.ts'],
  },
  {
    id: 'exposure-keys-for-processes',
    file: 'common/src/exposure.ts',
    find: "return port.for === 'processes' ? hasProcessTls : hasKeys",
    replace: 'return hasProcessTls || hasKeys',
    breaks: 'Keys protect no internal port, and certificates of processes no public one',
    tests: exposureTest,
  },
  {
    id: 'exposure-any-name-is-loopback',
    file: 'common/src/exposure.ts',
    find: "host === 'localhost'",
    replace: "host.startsWith('localhost')",
    breaks: 'A name other than localhost counts as beyond this machine',
    tests: exposureTest,
  },
  {
    id: 'hub-at-the-public-port',
    file: 'coordinator/src/start-coordinator.ts',
    find: 'const grpc = await serveGrpc(coordinator, internal === undefined ? hub : undefined, {',
    replace: 'const grpc = await serveGrpc(coordinator, hub, {',
    breaks: 'With a port of their own, processes are heard nowhere else',
    tests: clusterTest,
  },
  {
    id: 'http-behind-a-refused-request',
    file: 'coordinator/src/transport/http/public-server.ts',
    find: '    if (!socket.writable) return',
    replace: '',
    breaks: 'What comes behind a request that was refused is not run',
    tests: hardeningTest,
  },
  {
    id: 'http-no-policy',
    file: 'coordinator/src/transport/http/security-headers.ts',
    find: `defaultSrc: ["'none'"]`,
    replace: `defaultSrc: ["'self'"]`,
    breaks: 'Nothing of an answer runs in a browser',
    tests: hardeningTest,
  },
  {
    id: 'log-secrets',
    file: 'common/src/logging.ts',
    find: '      hooks: { streamWrite: redactSecrets },',
    replace: '',
    breaks: 'No log has a secret in it',
    tests: ['common/src/redact-secrets.test.ts'],
  },
]
