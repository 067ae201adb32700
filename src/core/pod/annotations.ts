/** What kube-harden writes on a pod that it has hardened: for people and for `explain`, and for its own second call. */

/** The policy that hardened the pod. */
export const policyAnnotation = 'kube-harden.io/policy';

/** A JSON list of the fields that kube-harden added, by their full names. Anybody can write it, so it proves nothing. */
export const addedAnnotation = 'kube-harden.io/added';

/** The values of those fields and the time, signed: this alone proves that kube-harden added them. */
export const claimAnnotation = 'kube-harden.io/claim';

export const ownAnnotations: readonly string[] = [policyAnnotation, addedAnnotation, claimAnnotation];
