import type { Mutant } from '../mutant.ts'

const tests = ['test/clients/python-units.test.ts']
const source = 'clients/python/src/hypershard'

/** Of the Python client. */
export const pythonMutants: readonly Mutant[] = [
  {
    id: 'python-vectors-unmarked',
    file: `${source}/_vectors.py`,
    find: 'return {"values": to_base64(data), "precision": precision}',
    replace: 'return to_base64(data)',
    breaks: 'An array of singles of half the width is not taken for halves',
    tests,
  },
  {
    id: 'python-repeats-anything',
    file: `${source}/_retry.py`,
    find: 'return repeatable and error.problem.retryable and error.code != "deadline_exceeded"',
    replace: 'return error.problem.retryable and error.code != "deadline_exceeded"',
    breaks: 'What may have been carried out once is not done again',
    tests,
  },
  {
    id: 'python-ignores-retry-after',
    file: `${source}/_retry.py`,
    find: 'return (asked or 0.0) + backoff',
    replace: 'return backoff',
    breaks: 'An overloaded server is left alone for as long as it asks',
    tests,
  },
  {
    id: 'python-waits-past-deadline',
    file: `${source}/_retry.py`,
    find: 'if seconds >= self.seconds_left():',
    replace: 'if self.seconds_left() == 0:',
    breaks: 'Attempts share one deadline',
    tests,
  },
  {
    id: 'python-deadline-a-step',
    file: `${source}/_deadline.py`,
    find: 'return self._stream.read(max_bytes, _left(timeout))',
    replace: 'return self._stream.read(max_bytes, timeout)',
    breaks: 'A server that sends a byte now and then does not hold a call beyond its deadline',
    tests,
  },
  {
    id: 'python-key-an-attempt',
    file: `${source}/_documents.py`,
    find: 'f"{self.idempotency_key}-{number}"',
    replace: 'make_key()',
    breaks: 'A load that is repeated with its key is written once',
    tests,
  },
  {
    id: 'python-line-in-batch',
    file: `${source}/_documents.py`,
    find: '{"line": error.line + batch.first - 1}',
    replace: '{"line": error.line}',
    breaks: 'A bad document is named by its place in the whole source',
    tests,
  },
  {
    id: 'python-batches-unbounded',
    file: `${source}/_documents.py`,
    find: ' or self._bytes + len(line) > self._bytes_max',
    replace: '',
    breaks: 'A batch keeps to its bytes, whatever the source',
    tests,
  },
  {
    id: 'python-half-an-answer',
    file: `${source}/_documents.py`,
    find: 'if self._report is None:',
    replace: 'if self._report is None and self._rest:',
    breaks: 'A put whose answer broke off is no success',
    tests,
  },
  {
    id: 'python-big-endian',
    file: `${source}/_vectors.py`,
    find: 'dtype="<f2" if half else "<f4"',
    replace: 'dtype="<f2" if half else array.dtype',
    breaks: 'An array of any order of bytes and any precision is sent as little-endian f32',
    tests,
  },
  {
    id: 'python-zone-assumed',
    file: `${source}/_frames.py`,
    find: 'value.tzinfo is None:',
    replace: 'value.year == 0:',
    breaks: 'A time without a zone is told, and not taken for one of UTC',
    tests,
  },
  {
    id: 'python-skips-failed-queries',
    file: `${source}/beir.py`,
    find: 'failure = outcome.problem.to_error()',
    replace: 'found[query] = []',
    breaks: 'An evaluation counts no query that failed as one without documents',
    tests,
  },
]
