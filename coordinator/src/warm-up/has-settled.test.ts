import assert from 'node:assert/strict'
import { hasSettled } from './has-settled.ts'

describe('whether made-up searches have settled', () => {
  const cases: { title: string; tookMs: number[]; settled: boolean }[] = [
    { title: 'not before any was made', tookMs: [], settled: false },
    { title: 'not by a few, however alike', tookMs: [10, 10, 10, 10, 10, 10, 10], settled: false },
    { title: 'by eight that are alike', tookMs: [10, 10, 10, 10, 10, 10, 10, 10], settled: true },
    { title: 'not while they become faster', tookMs: [90, 60, 50, 40, 30, 25, 20, 15], settled: false },
    {
      title: 'once they are no faster, whatever the first took',
      tookMs: [390, 90, 15, 14, 10, 11, 10, 10, 10, 11, 10, 10],
      settled: true,
    },
    { title: 'though one of the newest was late', tookMs: [10, 10, 10, 10, 10, 500, 10, 10], settled: true },
    { title: 'not because one before was late alone', tookMs: [90, 60, 500, 70, 20, 30, 500, 20], settled: false },
    { title: 'when they become slower', tookMs: [10, 10, 10, 10, 20, 20, 20, 20], settled: true },
  ]
  for (const { title, tookMs, settled } of cases) {
    it(`is told: ${title}`, () => assert.equal(hasSettled(tookMs), settled))
  }
})
