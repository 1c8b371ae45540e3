/// How closely a body is read.
package enum Reading: Sendable {
    /// A request, as ADMIN reads it. Unknown members and broken rules (of names, limits, nothing twice) are faults.
    case strict
    /// An answer, as clients read it. A newer ADMIN may send members that this version does not know, and may have
    /// other rules: the former are passed over, and of values only the kind is checked. A word that is not among those
    /// of an enumeration is a fault all the same: nobody here could say what it means.
    case tolerant
}
