import assert from 'node:assert/strict'
import type { ClusterDescription, GenerationDescription, IndexDescription } from '@hypershard/contract'
import { describeFakeCluster } from '@hypershard/harness/api'
import { runChecks } from '../run-checks.ts'
import { leastSkewMs } from './clocks-agree.ts'
import { clusterChecks } from './cluster-checks.ts'
import type { ClusterFacts, CoordinatorFacts } from './gather-cluster.ts'

const model = { name: 'mini', digest: 'a'.repeat(64) }
const [{ ...server }] = describeFakeCluster([{ index: 'papers', documents: 10 }], { model, unserved: [] }).servers
const [{ ...encoder }] = describeFakeCluster([], { model, unserved: [] }).encoders

const good: ClusterDescription = {
  ...describeFakeCluster([], { model, unserved: [] }),
  encoders: [encoder, { ...encoder, address: '127.0.0.1:7004' }],
  servers: [server, { ...server, address: '127.0.0.1:7003', zone: 'b' }],
  moves: [],
  unplaced: [],
}
const index = { name: 'papers', replicas: 2, documents_aside: 0, model } as IndexDescription
const generation = {
  index: 'papers',
  generation: 1,
  phase: 'live',
  paused: false,
  sequence: 7,
  progress: { lag: 0, problem: null },
} as GenerationDescription

function coordinator(
  cluster: Partial<ClusterDescription> = {},
  facts: Partial<CoordinatorFacts> = {},
): CoordinatorFacts {
  const greeting = { version: '0.1.0', date: new Date(10_000).toUTCString(), askedMs: 10_100, answeredMs: 10_200 }
  const all = { ...good, ...cluster }
  return { url: 'http://one', greeting, notReady: undefined, cluster: all, failure: undefined, ...facts }
}

function facts(changed: Partial<ClusterFacts> = {}): ClusterFacts {
  return {
    version: '0.1.0',
    coordinators: [coordinator()],
    admins: [],
    indexes: [index],
    damaged: [],
    generations: [generation],
    models: [],
    askLater: async () => ({ ...generation, sequence: 8 }),
    ...changed,
  }
}

const lagging = { ...generation, progress: { ...generation.progress, lag: 12 } }

describe('the doctor of a running cluster', () => {
  const told = async (changed?: Partial<ClusterFacts>) =>
    (await runChecks(clusterChecks, facts(changed)))
      .filter(({ verdict }) => verdict !== 'ok')
      .map(({ verdict, check, says }) => `${verdict} ${check}: ${says}`)

  it('has nothing to say of one that is well', async () => {
    assert.deepEqual(await told(), [])
  })

  const cases: { what: string; changed: Partial<ClusterFacts>; says: RegExp }[] = [
    {
      what: 'a coordinator that does not answer',
      changed: {
        coordinators: [coordinator(), coordinator({}, { greeting: undefined, cluster: undefined, failure: 'refused' })],
      },
      says: /^problem coordinators: http:\/\/one: refused/,
    },
    {
      what: 'a coordinator that is not ready',
      changed: { coordinators: [coordinator({}, { notReady: 'shard 1 of papers' })] },
      says: /^problem coordinators: .* is not ready: shard 1 of papers/,
    },
    {
      what: 'a coordinator that may not be asked for its cluster',
      changed: { coordinators: [coordinator({}, { cluster: undefined, failure: 'forbidden' })] },
      says: /^unchecked coordinators: .*forbidden/,
    },
    {
      what: 'a shard server that is down',
      changed: {
        coordinators: [
          coordinator({ servers: [server, { ...server, address: 'b:1', live: false, down_reason: 'refused' }] }),
        ],
      },
      says: /^problem servers: shard server b:1 is down: refused/,
    },
    {
      what: 'no encoder service at all',
      changed: { coordinators: [coordinator({ encoders: [] })] },
      says: /^problem servers: there is no encoder service/,
    },
    {
      what: 'an admin listener that does not answer',
      changed: { admins: [{ address: 'b:7790', alive: undefined, notReady: 'refused' }] },
      says: /^problem admin listeners: b:7790 does not answer: refused/,
    },
    {
      what: 'a coordinator of another version',
      changed: { coordinators: [coordinator({}, { greeting: { ...coordinator().greeting!, version: '0.2.0' } })] },
      says: /^advice versions: this command is version 0\.1\.0, coordinators are 0\.2\.0/,
    },
    {
      what: 'two protocol versions that work together',
      changed: { coordinators: [coordinator({ servers: [server, { ...good.servers[1]!, protocol_version: 1 }] })] },
      says: /^advice versions: 127\.0\.0\.1:7003 speaks protocol version 1 and .* speaks 2, which work together/,
    },
    {
      what: 'two protocol versions that do not',
      changed: { coordinators: [coordinator({ encoders: [encoder, { ...good.encoders[1]!, protocol_version: 4 }] })] },
      says: /^problem versions: .* 127\.0\.0\.1:7004 speaks 4, which do not work together/,
    },
    {
      what: 'a clock that is ahead',
      changed: {
        coordinators: [
          coordinator({}, { greeting: { ...coordinator().greeting!, date: new Date(100_000).toUTCString() } }),
        ],
      },
      says: /^problem clocks: the clock of http:\/\/one is 90 s ahead of/,
    },
    {
      what: 'a clock that is behind',
      changed: {
        coordinators: [coordinator({}, { greeting: { ...coordinator().greeting!, date: new Date(0).toUTCString() } })],
      },
      says: /^advice clocks: the clock of http:\/\/one is 9 s behind/,
    },
    {
      what: 'coordinators that know other servers',
      changed: { coordinators: [coordinator(), coordinator({ servers: [server] }, { url: 'http://two' })] },
      says: /^problem membership: http:\/\/one knows 127\.0\.0\.1:7003, http:\/\/two does not/,
    },
    {
      what: 'a server that one coordinator alone reaches',
      changed: {
        coordinators: [
          coordinator(),
          coordinator({ servers: [server, { ...good.servers[1]!, live: false }] }, { url: 'http://two' }),
        ],
      },
      says: /^advice membership: http:\/\/one finds 127\.0\.0\.1:7003 alive, http:\/\/two does not/,
    },
    {
      what: 'a shard that nobody has memory for',
      changed: {
        coordinators: [
          coordinator({
            unplaced: [
              { index: 'papers', generation: 1, shard: 0, needed_bytes: 9e9, replicas: 2, placed: 0, servers: [] },
            ],
          }),
        ],
      },
      says: /^problem shards: shard 0 of papers needs about 9\.0 GB, and 0 of 2 servers/,
    },
    {
      what: 'shards of a server that the others could not take',
      changed: {
        coordinators: [coordinator({ servers: good.servers.map(one => ({ ...one, memory_free_bytes: 2 * 2 ** 30 })) })],
      },
      says: /^advice memory: .* holds 6\.4 GB, and all others have 2\.1 GB free/,
    },
    {
      what: 'a server that is nearly full',
      changed: { coordinators: [coordinator({ servers: [{ ...server, memory_free_bytes: 2 ** 20 }] })] },
      says: /^advice memory: 127\.0\.0\.1:7002 has 1\.0 MB of/,
    },
    {
      what: 'a generation that does not go on',
      changed: {
        generations: [
          { ...generation, progress: { ...generation.progress, problem: { code: 'storage_full', message: 'full' } } },
        ],
      },
      says: /^problem write logs: generation 1 of papers does not go on: storage_full: full/,
    },
    {
      what: 'a generation whose log nobody follows',
      changed: { generations: [lagging], askLater: async () => lagging },
      says: /^problem write logs: generation 1 of papers is 12 operations behind its write log, and nothing of it came in/,
    },
    {
      what: 'a generation that is paused',
      changed: { generations: [{ ...lagging, paused: true }] },
      says: /^advice write logs: generation 1 of papers is 12 operations behind its write log and paused/,
    },
    {
      what: 'an index that is damaged',
      changed: { damaged: [{ name: 'old', code: 'corrupt_data', message: 'a byte is wrong' }] },
      says: /^problem write logs: index old is damaged/,
    },
    {
      what: 'documents that are set aside',
      changed: { indexes: [{ ...index, documents_aside: 3 }] },
      says: /^advice documents aside: 3 documents of papers could not be encoded/,
    },
    {
      what: 'an index without its model',
      changed: { coordinators: [coordinator(describeFakeCluster([], { model, unserved: ['papers'] }))] },
      says: /^problem models: index `papers`/,
    },
    {
      what: 'a model that one of two encoder services has',
      changed: { coordinators: [coordinator({ encoders: [encoder, { ...good.encoders[1]!, models: [] }] })] },
      says: /^advice models: of 2 encoder services only 127\.0\.0\.1:7001 has model mini/,
    },
    {
      what: 'an index with one replica',
      changed: { indexes: [{ ...index, replicas: 1 }] },
      says: /^advice single points: each shard of papers is on one server/,
    },
    {
      what: 'one encoder service',
      changed: { coordinators: [coordinator({ encoders: [encoder] })] },
      says: /^advice single points: there is one encoder service/,
    },
    {
      what: 'one zone',
      changed: { coordinators: [coordinator({ servers: good.servers.map(one => ({ ...one, zone: 'a' })) })] },
      says: /^advice single points: all shard servers stand in zone a/,
    },
  ]
  for (const { what, changed, says } of cases) {
    it(`tells of ${what}`, async () => {
      assert(
        (await told(changed)).some(line => says.test(line)),
        (await told(changed)).join('\n'),
      )
    })
  }

  it('lets a log lag that is being followed', async () => {
    assert.deepEqual(await told({ generations: [lagging] }), [])
  })

  it('takes the least difference of clocks that an answer proves', () => {
    const times = { askedMs: 10_100, answeredMs: 10_200 }
    assert.equal(leastSkewMs(10_000, times), 0)
    assert.equal(leastSkewMs(9_000, times), -100)
    assert.equal(leastSkewMs(11_000, times), 800)
  })
})
