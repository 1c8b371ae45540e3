import CombinedConfiguration
import Names
import NetworkTypes
import ServicesExport
import TestSupport
import Testing
import YAML

@testable import Cloud

@Suite struct MetaConfigurationTests {
    @Test("every type of the fixtures loads, under the name of its file")
    func fixtures() throws {
        let files = try Fixtures.names("types", ending: ".yaml")
        #expect(files.count == 8)
        for file in files {
            let configuration = try MetaConfiguration.loadOne(Fixtures.text("types/\(file)"), file: file)
            #expect("\(configuration.type).yaml" == file)
        }
    }

    @Test("pgw: two tests, two ports on www-ip by address")
    func pgw() throws {
        let pgw = try Fixtures.type("pgw").configuration
        #expect(pgw.tests.map(\.name) == ["ping", "without-token"])
        #expect(
            pgw.tests[1].action
                == .http(.init(method: "GET", port: 8080, path: "/gw/channels/all", status: 401)))
        let section = try #require(pgw.gateway.first)
        #expect(section.pool == "www-ip")
        #expect(
            section.exposure
                == .ports(
                    [.init(publicPort: 80, internalPort: 8080), .init(publicPort: 443, internalPort: 8443)],
                    protocols: [.tcp]))
        #expect(section.scheduler == .wlc)
        #expect(section.weight == 100)
        #expect(section.method == .masq)
        #expect(section.position.description == "pgw.yaml:23:5")
    }

    @Test("tg: a range of ports over TCP and UDP by firewall mark")
    func tg() throws {
        let section = try #require(Fixtures.type("tg").configuration.gateway.first)
        guard case .mark(let fwm) = section.exposure else {
            Issue.record("no firewall mark")
            return
        }
        #expect(fwm.ports.map(\.description) == ["20000-29999"])
        #expect(fwm.protocols == [.tcp, .udp])
        #expect(fwm.mark == nil)
        #expect(section.drainTime == 900)
    }

    @Test("mdb: an index, a directory on one of the db server's drives, cleaned up later")
    func mdb() throws {
        let mdb = try Fixtures.type("mdb").configuration
        #expect(mdb.requiresIndex)
        #expect(mdb.requirements?.serverKinds == [.db])
        #expect(
            mdb.install?.directories == [.init(path: "logs"), .init(path: "mdb", storage: .db)])
        #expect(mdb.uninstall?.directories == ["mdb"])
        #expect(mdb.config.map(\.block.id.sortOrder) == [100])
        #expect(mdb.config.map(\.target) == [.types(["mdb"])])
    }

    @Test("default is fake and for all; logger is unique and adds to everybody's settings")
    func loggerAndDefault() throws {
        let standard = try Fixtures.type("default").configuration
        #expect(standard.isFake)
        #expect(standard.config.map(\.target) == [.all])
        let logger = try Fixtures.type("logger").configuration
        #expect(logger.isUnique)
        #expect(logger.config.map(\.target) == [.all, .types(["logger"]), .types(["logger"])])
        #expect(logger.config.map(\.block.id.sortOrder) == [50, 100, 1000])
    }

    @Test("ports may be a mapping, a list or one port")
    func shortForms() throws {
        let forms = ["{80: 80, 443: 443}": [80, 443], "[443, 80]": [80, 443], "80": [80], "{\"80\": 80}": [80]]
        for (form, ports) in forms {
            let section = try section("ports: \(form)")
            #expect(section.publicPorts.map { Int($0.first) } == ports, "\(form)")
            guard case .ports(let mappings, _) = section.exposure else { continue }
            #expect(mappings.allSatisfy { $0.publicPort == $0.internalPort })
        }
    }

    @Test("protocols, ranges and networks are kept in order, without what others contain")
    func normalised() throws {
        let first = try section(
            "fwm: {ports: [31000, 20000-20999, 21000-29999], protocols: [udp, tcp], mark: 0x101}\n    "
                + "from: [203.0.113.0/24, 203.0.113.7, 2001:db8::/32, 198.51.100.9, 2001:db8:1::/48]")
        #expect(first.publicPorts.map(\.description) == ["20000-29999", "31000"])
        #expect(first.protocols == [.tcp, .udp])
        #expect(
            first.sources.map(\.description) == ["198.51.100.9/32", "203.0.113.0/24", "2001:db8::/32"])
        guard case .mark(let fwm) = first.exposure else { return }
        #expect(fwm.mark == 257)
    }

    @Test("all settings of a section are read")
    func allSettings() throws {
        let section = try section(
            "ports: [80]\n    scheduler: mh\n    weight: 0\n    persistence: 300\n    method: direct\n    "
                + "drain: 30\n    protocol: [sctp, udp]")
        #expect(section.scheduler == .mh)
        #expect(section.weight == 0)
        #expect(section.persistence == 300)
        #expect(section.method == .direct)
        #expect(section.drainTime == 30)
        #expect(section.protocols == [.udp, .sctp])
    }

    @Test("a section without a drain time leaves it to the gateway; 0 is one")
    func drainTime() throws {
        #expect(try section("ports: [80]").drainTime == nil)
        #expect(try section("ports: [80]\n    drain: 0").drainTime == 0)
        #expect(try section("ports: [80]\n    drain: 604800").drainTime == 604_800)
    }

    @Test("several types may stand in one file")
    func severalDocuments() throws {
        let types = try MetaConfiguration.load("type: a\n---\ntype: b\n", file: "all.yaml")
        #expect(types.map(\.type) == ["a", "b"])
        #expect(types[1].position.description == "all.yaml:3:1")
    }

    private func section(_ lines: String) throws -> GatewaySection {
        let text = "type: t\ngateway:\n  - name: s\n    address: www-ip\n    \(lines)\n"
        return try #require(MetaConfiguration.loadOne(text, file: "t.yaml").gateway.first)
    }
}
