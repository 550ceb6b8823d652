import type { Mutant } from '../mutant.ts'

export const recentTextsMutants: readonly Mutant[] = [
  {
    id: 'recent-text-of-another-title',
    file: 'indexer/src/encoding/recent-texts.ts',
    find: 'passages ?? null, id, title, text]',
    replace: 'passages ?? null, id, title + text]',
    breaks: 'A text is known only with its own title',
    tests: ['indexer/src/encoding/recent-texts.test.ts'],
  },
  {
    id: 'recent-texts-never-kept',
    file: 'indexer/src/ingest/write-segments.ts',
    find: 'parts.recent?.keep(encoded, manifest)',
    replace: '',
    breaks: 'A patch right behind its put has no text encoded again',
    tests: ['indexer/src/encoding/recent-texts.test.ts'],
  },
]
