package import JSON

/// A body that does not fit its form.
package struct BodyError: Error, Hashable, CustomStringConvertible {
    /// Each with its place; at least one.
    package let faults: [Problem.Fault]

    package init(_ faults: [Problem.Fault]) { self.faults = faults }

    /// Text that is not JSON has no places but lines and columns.
    package init(_ error: JSONError) {
        faults = [.init(pointer: "#", detail: "line \(error.line), column \(error.column): \(error.message)")]
    }

    /// The first fault with its place, and the number of the others.
    package var description: String {
        guard let first = faults.first else { return "the body is not understood" }
        let more = faults.count == 1 ? "" : " (and \(faults.count - 1) more)"
        return "\(first.pointer): \(first.detail)\(more)"
    }
}
