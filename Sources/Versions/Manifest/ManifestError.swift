/// Why a manifest is refused: each fault with its place.
package struct ManifestError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One thing that is wrong.
    package struct Fault: Sendable, Hashable, CustomStringConvertible {
        /// An RFC 6901 pointer (`/files/3/path`), or a line and column of text that is no JSON.
        package let place: String
        package let detail: String

        package var description: String { place.isEmpty ? detail : "\(place): \(detail)" }
    }

    /// The most faults that are reported.
    package static let mostFaults = 100

    /// At least one.
    package let faults: [Fault]

    package init(_ faults: [Fault]) { self.faults = faults }

    /// All faults, one a line.
    package var description: String { faults.map(\.description).joined(separator: "\n") }
}
