import type { Mutant } from '../mutant.ts'

const clientTest = 'client/src/hypershard-client.test.ts'

export const clientMutants: readonly Mutant[] = [
  {
    id: 'put-answer-cut',
    file: 'client/src/exchange/read-lines.ts',
    find: "if (rest !== '') yield rest",
    replace: "if (rest === '') yield rest",
    breaks: 'The last line of an answer needs no newline',
    tests: ['client/src/documents/read-put-answer.test.ts'],
  },
  {
    id: 'client-repeats-anything',
    file: 'client/src/exchange/retry-policy.ts',
    find: "return repeatable && error.code === 'unavailable'",
    replace: "return error.code === 'unavailable'",
    breaks: 'What may have been carried out once is not done again',
    tests: ['client/src/exchange/retry-policy.test.ts', clientTest],
  },
  {
    id: 'client-ignores-retry-after',
    file: 'client/src/exchange/retry-policy.ts',
    find: 'return askedMs === 0 ? jitteredMs : askedMs + jitteredMs',
    replace: 'return jitteredMs',
    breaks: 'An overloaded server is left alone for as long as it asks',
    tests: ['client/src/exchange/retry-policy.test.ts'],
  },
  {
    id: 'client-key-per-attempt',
    file: 'client/src/documents/put-documents.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of the file
    find: 'idempotencyKey: `${idempotencyKey}-${number}`',
    replace: 'idempotencyKey: makeKey()',
    breaks: 'A load that is repeated with its key is written once',
    tests: [clientTest],
  },
  {
    id: 'client-line-in-batch',
    file: 'client/src/documents/put-documents.ts',
    find: 'line: error.line + first - 1',
    replace: 'line: error.line',
    breaks: 'A bad document is named by its place in the whole source',
    tests: [clientTest],
  },
  {
    id: 'client-waits-past-deadline',
    file: 'client/src/exchange/exchange.ts',
    find: 'if (surroundings.now() + waitMs >= untilMs) throw error',
    replace: 'if (surroundings.now() > untilMs) throw error',
    breaks: 'Attempts share one deadline',
    tests: [clientTest],
  },
  {
    id: 'client-batches-unbounded',
    file: 'client/src/documents/cut-batches.ts',
    find: 'bytes + line.length > batchBytesMax ||',
    replace: '',
    breaks: 'A batch keeps to its bytes, whatever the source',
    tests: ['client/src/documents/cut-batches.test.ts'],
  },
  {
    id: 'client-same-page',
    file: 'client/src/searching.ts',
    find: 'cursor = answer.next_cursor',
    replace: 'cursor = request.cursor',
    breaks: 'The iterator over hits goes on to the next page',
    tests: [clientTest],
  },
  {
    id: 'client-no-back-pressure',
    file: 'client/src/fetch-transport.ts',
    find: '{ highWaterMark: 0 }',
    replace: '{ highWaterMark: 1e9 }',
    breaks: 'A source is read no faster than it is sent',
    tests: ['client/src/back-pressure.test.ts'],
  },
]
