package import Versions

/// A version's tests `from: outside`, after one of its instances has been admitted.
package struct OutsideTest: Sendable, Hashable {
    package var service: String
    package var type: String
    /// The manifest of the version: SHA-256, 64 hexadecimal digits.
    package var version: String
    /// Where the instance is.
    package var location: String
    /// What the manifest says, at least one.
    package var tests: [Manifest.Test]

    package init(service: String, type: String, version: String, location: String, tests: [Manifest.Test]) {
        self.service = service
        self.type = type
        self.version = version
        self.location = location
        self.tests = tests
    }
}

/// Whoever runs tests through the public address.
package protocol OutsideTesting: Sendable {
    /// Runs the tests to their end; the task is cancelled when nobody wants to know any more.
    /// - Returns: why they did not pass; `nil`: they did.
    func run(_ test: OutsideTest) async -> String?
}
