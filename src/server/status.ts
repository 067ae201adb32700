import { cutText } from './cutText.ts';

/** What a request that failed is answered with. */
export interface Failure {
  /** The HTTP status. */
  readonly status: number;
  /** One line. */
  readonly message: string;
}

/** Source: k8s.io/apimachinery pkg/apis/meta/v1, `StatusReason`. Of the others there is no reason that fits. */
const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  408: 'Timeout',
  413: 'RequestEntityTooLarge',
  415: 'UnsupportedMediaType',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

/** Some messages quote what was sent, or list policies; people read the beginning. */
const longestMessage = 1024;

/**
 * A failure as the JSON of a metav1.Status: of a webhook's answer other than 200 the API server passes on the message
 * of a Status, and nothing of any other body. Source: k8s.io/client-go rest/request.go, `transformResponse` and
 * `Result.Error`, which also wants the content type of JSON.
 */
export function describeFailure({ status, message }: Failure): string {
  const reason = reasons[status];
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: cutText(message, longestMessage),
    ...(reason !== undefined && { reason }),
    code: status,
  });
}
