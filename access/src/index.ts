/** API keys as they are stored, and the file or the Redis that holds them. docs/formats/keys.md, docs/security.md. */
export * from './audit/audit-line.ts'
export * from './audit/audit-log.ts'
export * from './audit/verify-audit.ts'
export * from './key-record.ts'
export * from './key-text.ts'
export * from './matches-pattern.ts'
export * from './open-key-store.ts'
export * from './ports.ts'
