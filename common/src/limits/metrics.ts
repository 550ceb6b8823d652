import { defineMetrics } from '../telemetry/metrics.ts'

/** Of every gate that bounds work, by what passes through it. */
export const gateMetrics = defineMetrics({
  running: {
    kind: 'gauge',
    name: 'hypershard_work_running',
    help: 'Work that runs now: searches and writes by their number, queries and documents that are encoded by their tokens.',
    labels: ['work'],
  },
  runningLimit: {
    kind: 'gauge',
    name: 'hypershard_work_running_limit',
    help: 'How much of it may run at a time.',
    labels: ['work'],
  },
  waiting: {
    kind: 'gauge',
    name: 'hypershard_work_waiting',
    help: 'Work that waits for its turn now, counted as what runs is.',
    labels: ['work'],
  },
  waitingLimit: {
    kind: 'gauge',
    name: 'hypershard_work_waiting_limit',
    help: 'How much of it may wait; what comes on top is refused.',
    labels: ['work'],
  },
  refused: {
    kind: 'counter',
    name: 'hypershard_work_refused_total',
    help: 'Pieces of work that were refused because too much waited already.',
    labels: ['work'],
  },
})
