import assert from 'node:assert/strict'
import { leafName } from './leaf-name.ts'

const query = {
  all: [
    'tides',
    { any: [{ text: 'the moon\npulls at the sea and the sea comes back', weight: 2 }, { vector: [1] }] },
    { like: ['tides', 'stars'] },
    { not: 'bread' },
    { not: { any: ['yeast'] } },
  ],
}

describe('the name of a leaf', () => {
  for (const [path, name] of [
    ['all[0]', 'tides'],
    ['all[1].any[0]', 'the moon pulls at the s…'],
    ['all[1].any[1]', 'all[1].any[1]'],
    ['all[2]', 'like tides, stars'],
    ['all[2].like[1]', 'like stars'],
    ['all[3].not', 'not bread'],
    ['all[4].not.any[0]', 'not yeast'],
    ['all[9].any[1]', 'all[9].any[1]'],
  ] as const) {
    it(`at ${path}`, () => assert.equal(leafName(query, path), name))
  }
})
