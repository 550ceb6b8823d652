import assert from 'node:assert/strict'
import { nothingScanned, scanCountsOf, sumScanCounts } from './scan-counts.ts'

describe('the counts of a scan', () => {
  const one = { documentsScored: 1, documentsScanned: 20, documentsWalked: 300 }
  const other = { documentsScored: 4_000, documentsScanned: 50_000, documentsWalked: 600_000 }

  it('add up one by one, to nothing where nothing was scanned', () => {
    const both = { documentsScored: 4_001, documentsScanned: 50_020, documentsWalked: 600_300 }
    assert.deepEqual(sumScanCounts([one, other]), both)
    assert.deepEqual(sumScanCounts([]), nothingScanned)
  })

  it('are taken alone out of what carries them', () => {
    assert.deepEqual(scanCountsOf({ ...one, shard: 7, hits: [] } as typeof one), one)
  })
})
