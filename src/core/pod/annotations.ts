/** The annotations by which a hardened pod says what was done to it. */

/** The policy that hardened the pod last. */
export const policyAnnotation = 'kube-harden.io/policy';

/** A JSON list of the fields that kube-harden added, by their full names. */
export const addedAnnotation = 'kube-harden.io/added';
