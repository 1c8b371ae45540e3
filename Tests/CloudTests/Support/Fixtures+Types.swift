import Cloud
import TestSupport

extension Fixtures {
    /// One of `fixtures/types`.
    static func type(_ name: String) throws -> ServiceType {
        let source = try text("types/\(name).yaml")
        return ServiceType(
            source: source, configuration: try MetaConfiguration.loadOne(source, file: "\(name).yaml"))
    }
}
