import Names
import NetworkTypes
import TestSupport
import Testing
import YAML

@testable import Cloud

/// `fixtures/configuration/bad`: the types of each `NAME.yaml` cannot be combined, and `NAME.txt` says what must be
/// said about it, to the letter.
@Suite struct BadConfigurationTests {
    @Test("each bad file gives its message, with its place")
    func messages() throws {
        let files = try Fixtures.names("configuration/bad", ending: ".yaml")
        #expect(files.count >= 60)
        for file in files {
            let expected = try Fixtures.text("configuration/bad/\(file.dropLast(5)).txt")
            let found = try Self.faults(of: Fixtures.bytes("configuration/bad/\(file)"), file: file)
            #expect(found.map { $0 + "\n" }.joined() == expected, "\(file)")
        }
    }

    /// What is wrong with the types of a file, in a cloud that has a service of each.
    private static func faults(of bytes: [UInt8], file: String) throws -> [String] {
        let types: [MetaConfiguration]
        do throws(YAMLErrors) {
            types = try MetaConfiguration.load(bytes, file: file)
        } catch {
            return error.errors.map(\.description)
        }
        let cloud = Cloud(
            locations: [Location(name: "tcn")],
            pools: [AddressPool(location: "tcn", name: "www-ip", addresses: TestCloud.addresses(["198.51.100.36"]))],
            servers: [
                Server(name: "app1", location: "tcn", kind: .app, addresses: TestCloud.addresses(["10.1.0.11"]))
            ],
            types: types.map { ServiceType(source: "", configuration: $0) },
            services: types.filter { !$0.isFake }.map { ServiceInstance(type: $0.type, index: 1, server: "app1") })
        return ConfigurationSet(of: cloud)
            .contradictions(since: ConfigurationSet(), cloud: cloud, files: [file]).map(\.description)
    }
}
