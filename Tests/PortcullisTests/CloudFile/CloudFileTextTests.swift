import AdminAPI
import Cloud
import CloudTestSupport
import Foundation
import Names
import NetworkTypes
import TestSupport
import Testing

@testable import Admin
@testable import portcullis

@Suite struct CloudFileTextTests {
    @Test("a cloud is written in the order and the words in which people write one")
    func text() throws {
        let cloud = ApplyRequest(
            locations: [LocationResource(name: "hel"), LocationResource(name: "tcn", description: "TCN: Groningen")],
            pools: [PoolResource(location: "tcn", name: "www-ip", addresses: ["198.51.100.36", "2001:db8::36"])],
            egress: [
                EgressResource(
                    location: "tcn", name: "out", pool: "www-ip", from: ["10.1.0.0/16", "fd00:1::/64"],
                    except: ["10.0.0.0/8"]),
                EgressResource(location: "tcn", name: "rest", pool: "www-ip", from: ["10.2.0.0/16"]),
            ],
            servers: [
                ServerResource(
                    name: "app1", location: "tcn", kind: .app, addresses: ["10.1.0.11"], labels: ["ssd"],
                    state: .drain, until: "2027-01-31T00:00:00.000Z"),
                ServerResource(name: "app2", location: "tcn", kind: .app, addresses: ["10.1.0.12"], state: .ready),
            ],
            types: [.init(name: "pgw", source: "type: pgw\n# the entrance\n"), .init(name: "tg", source: "type: tg")],
            services: [
                .init(name: "pgw.1", server: "app1", state: .ready),
                .init(name: "pgw.2", server: "app1", state: .drain, weight: 5),
            ])
        let text = CloudFileText(cloud: cloud, secrets: ["pin"])
        let rest = """
            locations:
              hel: {}
              tcn:
                description: "TCN: Groningen"
                pools:
                  www-ip:
                    - 198.51.100.36
                    - "2001:db8::36"
                egress:
                  out:
                    pool: www-ip
                    from:
                      - 10.1.0.0/16
                      - "fd00:1::/64"
                    except:
                      - 10.0.0.0/8
                  rest:
                    pool: www-ip
                    from:
                      - 10.2.0.0/16
                servers:
                  app1:
                    kind: app
                    addresses:
                      - 10.1.0.11
                    labels:
                      - ssd
                    state: drain
                    until: "2027-01-31T00:00:00.000Z"
                  app2:
                    kind: app
                    addresses:
                      - 10.1.0.12
            services:
              pgw.1: app1
              pgw.2:
                server: app1
                state: drain
                weight: 5

            """
        let head = """
            # The registry of ADMIN, as `portcullis get cloud` has read it. `portcullis apply -f` takes it back.
            # Not in it: the values of secrets, firewall marks, tokens, earlier revisions of types, and events.
            # An empty registry needs these secrets first (`portcullis secrets set`):
            #   pin

            """
        #expect(
            text.oneFile.text
                == head + "types:\n  - source: |\n      type: pgw\n      # the entrance\n  - source: \"type: tg\"\n"
                + rest)
        #expect(
            text.directory == [
                .init(path: "cloud.yaml", text: head + "types:\n  - types/pgw.yaml\n  - types/tg.yaml\n" + rest),
                .init(path: "types/pgw.yaml", text: "type: pgw\n# the entrance\n"),
                .init(path: "types/tg.yaml", text: "type: tg"),
            ])
        let empty = CloudFileText(cloud: ApplyRequest(), secrets: [])
        #expect(empty.oneFile.text.hasSuffix("\n{}\n"))
        try empty.check([empty.oneFile])
    }

    @Test("random clouds, with odd names and texts, are read back byte by byte from one file and from a directory")
    func randomClouds() throws {
        var random = SeededGenerator(seed: 1_234)
        for round in 0..<400 {
            let cloud = try Self.cloud(using: &random)
            let text = CloudFileText(cloud: cloud, secrets: [])
            for files in [[text.oneFile], text.directory] {
                #expect(throws: Never.self, "round \(round): \(files[0].text)") { try text.check(files) }
            }
        }
    }

    @Test("random clouds, got and applied to an empty registry, are the same cloud; applied again they change nothing")
    func throughADMIN() async throws {
        try await Self.roundTrips(4)
    }

    /// Applies random clouds to one ADMIN, gets them, and applies what came to another.
    private static func roundTrips(_ count: Int) async throws {
        var random = SeededGenerator(seed: 77)
        var done = 0
        while done < count {
            let cloud = try cloud(using: &random)
            let isApplied = try await RunningAdmin.with { admin in
                let input = try await file(CloudFileText(cloud: cloud, secrets: []).oneFile.text)
                defer { try? FileManager.default.removeItem(atPath: input) }
                guard try await CommandRun.portcullis("apply", "-f", input, admin: admin).status == 0 else {
                    return false
                }
                let folder = input + ".d"
                defer { try? FileManager.default.removeItem(atPath: folder) }
                let got = try await CommandRun.portcullis("get", "cloud", admin: admin)
                let gotFolder = try await CommandRun.portcullis("get", "cloud", "--directory", folder, admin: admin)
                #expect(got.status == 0 && gotFolder.status == 0, "\(got.errors)\(gotFolder.errors)")
                let output = try await file(got.output)
                defer { try? FileManager.default.removeItem(atPath: output) }
                for path in [output, folder] {
                    let again = try await CommandRun.portcullis("apply", "-f", path, "--prune", admin: admin)
                    #expect(again.output == "no changes\n", "\(again)")
                    try await RunningAdmin.with { other in
                        let applied = try await CommandRun.portcullis("apply", "-f", path, admin: other)
                        #expect(applied.status == 0, "\(applied.errors)")
                        #expect(try await CommandRun.portcullis("get", "cloud", admin: other).output == got.output)
                    }
                }
                return true
            }
            if isApplied { done += 1 }
        }
    }

    private static func file(_ text: String) async throws -> String {
        let path = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).yaml").path
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    /// A random cloud with names that look like numbers, odd descriptions, and sources of many shapes.
    private static func cloud(using random: inout SeededGenerator) throws -> ApplyRequest {
        var cloud = try RandomCloud.make(using: &random)
        let names = ["1", "no", "null", "true", "1e3", "0x1f", "0o17", "12.5", "y", "1_0", "2001-12-14"]
        for (number, name) in names.shuffled(using: &random).prefix(3).enumerated() {
            cloud.servers[name] = Server(
                name: name, location: "l0", kind: ServerKind.allCases.randomElement(using: &random) ?? .app,
                addresses: [IPAddress("10.9.0.\(number + 1)")].compactMap(\.self),
                labels: names.shuffled(using: &random).prefix(number))
        }
        let descriptions = [
            "", "yes", "a: b # c", "é", "e\u{301}", "\u{202E}x", "\"\\", " x ", "- a", "{}", "| a", "\u{85}", "%", "'",
        ]
        for name in cloud.locations.keys.sorted() {
            cloud.locations[name]?.description = descriptions.randomElement(using: &random) ?? ""
        }
        for name in cloud.types.keys.sorted() {
            guard let type = cloud.types[name] else { continue }
            let begin = ["", "\n", "# é \u{1F600}\n", "\u{FEFF}", "---\n", "  # x\n", "%YAML 1.2\n---\n", "\t\n"]
            let end = ["", "\n", "\n\n\n", "# end", "   \n", "# tab\there \n", "...\n", "\n#\u{202E}\n"]
            var source = (begin.randomElement(using: &random) ?? "") + type.source
            source += end.randomElement(using: &random) ?? ""
            if random.next() % 4 == 0 { source = source.replacing("\n", with: "\r\n") }
            guard let read = try? ServiceType.read(source: source, name: name) else { continue }
            cloud.types[name] = read
        }
        return ApplyRequest(cloud)
    }
}
