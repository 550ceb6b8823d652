import assert from 'node:assert/strict'
import {
  aliasTableKey,
  generationKey,
  generationStateKey,
  indexKey,
  logEntryKey,
  logPartKey,
  manifestKey,
  progressKey,
  segmentRecordKey,
  snapshotKey,
  tombstonesKey,
} from '../layout.ts'
import { type News, newsOfKey } from './news-of-key.ts'

const index = 'papers'
const place = { index, generation: 12 }
const log = { index, indexUid: '0b4a3b66-1f0e-4b0c-9d1c-0d5a4f1f6a11' }

describe('what a key tells', () => {
  const told: [string, News][] = [
    [aliasTableKey(4), { kind: 'names', version: 4 }],
    [indexKey(index), { kind: 'index', index }],
    [logEntryKey(log, 7), { kind: 'log', ...log, sequence: 7 }],
    [manifestKey(place, 9), { kind: 'manifest', ...place, version: 9 }],
    [generationKey(place), { kind: 'generation', ...place }],
    [generationStateKey(place, 3), { kind: 'generation', ...place }],
  ]
  for (const [key, news] of told) it(`${news.kind}: ${key}`, () => assert.deepEqual(newsOfKey(key), news))

  it('is nothing for what nobody waits for', () => {
    const digest = 'ab'.repeat(32)
    const others = [
      logPartKey(log, 'a'),
      segmentRecordKey({ ...place, digest }),
      tombstonesKey(place, digest),
      progressKey(place),
      snapshotKey(index, 'monday'),
      '',
      'aliases/last.json',
      `${indexKey(index)}.tmp`,
    ]
    for (const key of others) assert.equal(newsOfKey(key), undefined, key)
  })
})
