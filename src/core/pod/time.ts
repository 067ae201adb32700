/** `2026-11-24T22:53:39Z`, the one form in which the API server writes a time: metav1.Time, RFC 3339 in UTC. */
const form = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z$/;

/** Days from 1 March of the year 0 to 1 January 1970. */
const daysBeforeEpoch = 719_468;

/**
 * The seconds since 1970 of a time as the API server writes it; undefined for anything else.
 *
 * Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`, for years from 0 on.
 */
export function secondsOf(time: string): number | undefined {
  const parts = form.exec(time);
  if (parts === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(1).map(Number);
  // Years begin with March, so that the leap day is a year's last.
  const shifted = month <= 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const leapDays = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  const days = shifted * 365 + leapDays + dayOfYear - daysBeforeEpoch;
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}
