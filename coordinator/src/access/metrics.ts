import { defineMetrics } from '@hypershard/common'

/** Of the door: who was let in, and what was noted. */
export const accessMetrics = defineMetrics({
  refused: {
    kind: 'counter',
    name: 'hypershard_access_refused_total',
    help: 'Requests that were refused for who makes them, or how many: by error code and by where they came.',
    labels: ['transport', 'code'],
  },
  failedAttempts: {
    kind: 'counter',
    name: 'hypershard_access_failed_attempts_total',
    help: 'Requests with an API key that is not valid; those without any, or with an expired one, are not among them.',
    labels: [],
  },
  keys: {
    kind: 'gauge',
    name: 'hypershard_access_keys',
    help: 'API keys as they were read last; nothing where no keys are asked for, or none could be read yet.',
    labels: [],
  },
  keysAge: {
    kind: 'gauge',
    name: 'hypershard_access_keys_age_seconds',
    help: 'How long ago the API keys were last read: one of them that was revoked since is still good.',
    labels: [],
  },
  auditLines: {
    kind: 'counter',
    name: 'hypershard_audit_lines_total',
    help: 'Lines of the audit log that were to be written: `written`, or `failed`, whose requests were refused.',
    labels: ['result'],
  },
})
