import type { Mutant } from '../mutant.ts'

const doors = ['test/security/doors.test.ts']

export const securityMutants: readonly Mutant[] = [
  {
    id: 'door-digest-ignored',
    file: 'coordinator/src/access/key-ring.ts',
    find: 'return same ? known?.record : undefined',
    replace: 'return same || known ? known?.record : undefined',
    breaks: 'Who knows the id of a key has not the key',
    tests: doors,
  },
  {
    id: 'door-expired-in',
    file: 'coordinator/src/access/door.ts',
    find: 'if (key.expires_at === undefined || Date.parse(key.expires_at) > this.#clock.now()) return key',
    replace: 'if (key.expires_at === undefined || Date.parse(key.expires_at) > 0) return key',
    breaks: 'A key that has expired opens nothing',
    tests: doors,
  },
  {
    id: 'door-any-scope',
    file: 'coordinator/src/access/door.ts',
    find: 'if (!caller.scopes.some(own => own === scope)) refuse',
    replace: 'if (caller.scopes.length === 0) refuse',
    breaks: 'A key does what its scopes say, and no more',
    tests: doors,
  },
  {
    id: 'door-any-index',
    file: 'coordinator/src/access/caller.ts',
    find: 'if (mayUse(caller, name)) return',
    replace: 'if (mayUse(caller, name) || name !== "") return',
    breaks: 'A key uses its own indexes alone',
    tests: doors,
  },
  {
    id: 'door-unlisted-method',
    file: 'coordinator/src/transport/grpc/grpc-door.ts',
    find: 'if (rule === undefined) throw notHere(path)',
    replace: 'if (rule === undefined) return stranger(address)',
    breaks: 'A gRPC method that declares no scope answers nobody',
    tests: doors,
  },
  {
    id: 'openapi-stream-told',
    file: 'coordinator/src/transport/http/build-openapi.ts',
    find: 'if (stream === undefined) return',
    replace: "if (stream === undefined || stream === 'ndjson') return",
    breaks: 'The document tells of answers that come as a stream',
    tests: ['coordinator/src/start-coordinator.test.ts'],
  },
  {
    id: 'tenant-filter-widened',
    file: 'coordinator/src/access/tenant.ts',
    find: 'return given === undefined ? own : { must: [own, given] }',
    replace: 'return given ?? own',
    breaks: 'The filter of a request widens no key',
    tests: ['test/security/tenants.test.ts'],
  },
  {
    id: 'tenant-counts-others',
    file: 'coordinator/src/access/search-as.ts',
    find: 'return { ...coverage, documentsEligible: coverage.documentsMatched, ratio, missing }',
    replace: 'return { ...coverage, ratio, missing }',
    breaks: 'Coverage counts no document of another tenant',
    tests: ['test/security/tenants.test.ts'],
  },
]
