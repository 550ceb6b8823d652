/** Certificates for those without a CA of their own, apart from the rest: nobody else loads what makes them. */
export * from './certificate-authority.ts'
export * from './write-certificates.ts'
