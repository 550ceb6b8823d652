import assert from 'node:assert/strict'
import { formatBytes, formatCount, formatDuration, formatRate, formatScore, formatShare } from './format-number.ts'

describe('numbers for people', () => {
  const cases: { given: string; shown: string; expected: string }[] = [
    { given: '9.84 ms', shown: formatDuration(9.84), expected: '9.8 ms' },
    { given: '412.3 ms', shown: formatDuration(412.3), expected: '412 ms' },
    { given: '8.1 s', shown: formatDuration(8_123), expected: '8.1 s' },
    { given: 'almost a minute', shown: formatDuration(59_960), expected: '1 min 0 s' },
    { given: '200 s', shown: formatDuration(200_000), expected: '3 min 20 s' },
    { given: '125 minutes', shown: formatDuration(7_500_000), expected: '2 h 5 min' },
    { given: 'bytes', shown: formatBytes(999), expected: '999 B' },
    { given: 'megabytes', shown: formatBytes(14_177_280), expected: '14.2 MB' },
    { given: 'all', shown: formatShare(1), expected: '100 %' },
    { given: 'almost all', shown: formatShare(0.99999), expected: '99.9 %' },
    { given: 'a low rate', shown: formatRate(3.14), expected: '3.1/s' },
    { given: 'a high rate', shown: formatRate(12_345.6), expected: '12,346/s' },
    { given: 'a count', shown: formatCount(8_841_823), expected: '8,841,823' },
    { given: 'a score', shown: formatScore(0.61234), expected: '0.6123' },
    { given: 'a tiny score', shown: formatScore(-0.0000123), expected: '-1.230e-5' },
    { given: 'a score that was not finite', shown: formatScore(null), expected: 'n/a' },
  ]
  for (const { given, shown, expected } of cases) {
    it(`show ${given} as ${expected}`, () => assert.equal(shown, expected))
  }
})
