import NetworkTypes
import ServicesExport
import Testing

@testable import LargeCloud

@Suite struct LargeCloudTests {
    private func small(_ change: (inout LargeCloudSize) -> Void = { _ in }) -> LargeCloudSize {
        var size = LargeCloudSize()
        size.types = 2
        size.ports = 2
        size.instances = 1
        size.servers = 2
        size.pools = 1
        change(&size)
        return size
    }

    @Test("the default size is 2,000 virtual services of 10 real servers")
    func defaultSize() throws {
        let cloud = try LargeCloud(LargeCloudSize())
        #expect(cloud.size.virtualServices == 2_000)
        #expect(cloud.size.realServers == 20_000)
        #expect(cloud.virtualServices.reduce(0) { count, _ in count + 1 } == 2_000)
        #expect(cloud.virtualServices.allSatisfy { Set($0.realServers.map(\.address)).count == 10 })
    }

    @Test("ipvsadm gets each service followed by its servers")
    func ipvsadm() throws {
        let cloud = try LargeCloud(
            small {
                $0.marks = 1
                $0.families = [.ipv4, .ipv6]
                $0.weights = ["t0002.1": 7]
            })
        #expect(
            cloud.ipvsadmScript == """
                -A -f 256 -s wlc
                -a -f 256 -r 10.64.0.1:0 -m -w 100
                -A -f 256 -6 -s wlc
                -a -f 256 -6 -r [fd00:64::1]:0 -m -w 100
                -A -t 198.51.100.1:1026 -s wlc
                -a -t 198.51.100.1:1026 -r 10.64.0.2:1026 -m -w 7
                -A -t 198.51.100.1:1027 -s wlc
                -a -t 198.51.100.1:1027 -r 10.64.0.2:1027 -m -w 7
                -A -t [2001:db8:0:f::1]:1026 -s wlc
                -a -t [2001:db8:0:f::1]:1026 -r [fd00:64::2]:1026 -m -w 7
                -A -t [2001:db8:0:f::1]:1027 -s wlc
                -a -t [2001:db8:0:f::1]:1027 -r [fd00:64::2]:1027 -m -w 7

                """)
    }

    @Test("the export is valid and holds every real server of every virtual service")
    func export() throws {
        let cloud = try LargeCloud(
            small {
                $0.instances = 2
                $0.marks = 1
                $0.families = [.ipv4, .ipv6]
            })
        let document = try ServicesDocument(parsing: cloud.servicesCSV)
        // TCP and UDP of the mark and two ports, in two families, each with two real servers.
        #expect(document.rowCount == 16)
        #expect(Set(document.rows) == Set(cloud.rows))
    }

    @Test("keepalived gets marks with a family and no ports")
    func keepalived() throws {
        var size = small { $0.marks = 1 }
        size.types = 1
        #expect(
            try LargeCloud(size).keepalivedConfiguration == """
                global_defs {
                    router_id large
                }

                virtual_server fwmark 256 {
                    ip_family inet
                    lvs_sched wlc
                    lvs_method NAT
                    real_server 10.64.0.1 {
                        weight 100
                    }
                }

                """)
    }

    @Test("nft gets one element for every address, protocol and port")
    func nft() throws {
        let script = try LargeCloud(small { $0.marks = 1 }).nftScript
        #expect(script.contains("elements = { 198.51.100.1 . tcp . 1026,\n            198.51.100.1 . tcp . 1027 }"))
        #expect(script.contains("198.51.100.1 . udp . 1024-1025 : 256 }"))
    }

    @Test("a type's file and the cloud file say what the export holds")
    func cloudFiles() throws {
        let files = try LargeCloud(
            small {
                $0.types = 1
                $0.weights = ["t0001.1": 0]
            }
        ).cloudFiles
        #expect(
            files.map(\.text) == [
                """
                types: [types]
                locations:
                  large:
                    pools:
                      pool-1: [198.51.100.1]
                    servers:
                      s0001: {kind: app, addresses: [10.64.0.1]}
                      s0002: {kind: app, addresses: [10.64.0.2]}
                services:
                  t0001.1: {server: s0001, weight: 0}

                """,
                """
                type: t0001
                require-index: true
                gateway:
                  - name: main
                    address: pool-1
                    ports: {1024: 1024, 1025: 1025}
                    protocol: tcp
                    scheduler: wlc

                """,
            ])
        #expect(files.map(\.path) == ["cloud.yaml", "types/t0001.yaml"])
    }

    @Test(
        "a size that does not fit is refused with the reason",
        arguments: [
            (\LargeCloudSize.types, 0, "types: 0 is not in 1-9999"),
            (\.marks, 3, "marks: 3 is not in 0-2, the number of types"),
            (\.instances, 3, "servers: 2 cannot hold 3 instances of a type apart"),
            (
                \.ports, 40_000,
                "ports: 2 types of 40000 ports on 1 pools need 80000 ports of an address; more pools would help"
            ),
        ] as [(WritableKeyPath<LargeCloudSize, Int> & Sendable, Int, String)])
    func refused(path: WritableKeyPath<LargeCloudSize, Int> & Sendable, value: Int, message: String) {
        #expect(throws: LargeCloudError(message)) { try LargeCloud(small { $0[keyPath: path] = value }) }
    }

    @Test("a weight of an instance that does not exist is refused")
    func unknownInstance() {
        #expect(throws: LargeCloudError("weight of t0009.1: the cloud has no such instance")) {
            try LargeCloud(small { $0.weights = ["t0009.1": 1] })
        }
    }
}
