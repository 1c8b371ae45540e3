/// Placeholder.
package enum Supervision {}
