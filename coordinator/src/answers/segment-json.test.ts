import assert from 'node:assert/strict'
import type { Manifest } from '@hypershard/storage'
import { segmentListJson } from './segment-json.ts'

describe('the segments of a build, as JSON', () => {
  it('count what is searched apart from what is deleted, and do not say whose folder a file lies in', () => {
    const home = { index: 'anothers', generation: 4 }
    const digests = ['a', 'b'].map(letter => letter.repeat(64)) as [string, string]
    const segments = [
      {
        digest: digests[0],
        home,
        shard: 1,
        documents: 10,
        passages: 14,
        bytes: 999,
        truncated: 3,
        deleted: { digest: digests[1], home, count: 4 },
      },
      { digest: digests[1], shard: 0, documents: 2, bytes: 50, truncated: 0, deleted: null },
    ]
    const manifest = { generation: 2, version: 7, segments } as unknown as Manifest
    const first = { documents: 6, documents_deleted: 4, documents_truncated: 3, passages: 14, bytes: 999 }
    const second = { documents: 2, documents_deleted: 0, documents_truncated: 0, passages: null, bytes: 50 }
    assert.deepEqual(segmentListJson(manifest), {
      generation: 2,
      manifest_version: 7,
      segments: [
        { digest: digests[0], shard: 1, ...first },
        { digest: digests[1], shard: 0, ...second },
      ],
    })
  })
})
