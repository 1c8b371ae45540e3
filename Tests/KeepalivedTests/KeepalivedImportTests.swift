import Cloud
import HealthChecks
import Keepalived
import NetworkTypes
import ServicesExport
import Testing

@Suite("A keepalived configuration as a cloud") struct KeepalivedImportTests {
    /// The sections of all types, each read from the text that is written.
    private func sections(_ cloud: KeepalivedImport) throws -> [GatewaySection] {
        try cloud.files.dropFirst().flatMap { file in try MetaConfiguration.loadOne(file.text, file: file.path).gateway
        }
    }

    private func section(_ lines: String = "", real: String = "") throws -> GatewaySection {
        try #require(try sections(imported(virtualServer(lines, real: real))).first)
    }

    private func check(_ text: String, _ lines: String = "") throws -> String {
        try section(lines, real: text).options.check?.description ?? "none"
    }

    private func notes(_ lines: String = "", real: String = "") throws -> [String] {
        try imported(virtualServer(lines, real: real)).notes.map { "\($0.place.line) \($0.keyword)" }
    }

    @Test("the files of a virtual server")
    func files() throws {
        let cloud = try imported(
            """
            virtual_server 198.51.100.36 80 {
                lb_algo wrr
                lb_kind NAT
                protocol TCP
                persistence_timeout
                persistence_granularity 255.255.255.0
                real_server 10.1.0.11 8080 { weight 100 }
                real_server 10.1.0.12 8080
                {
                    weight 50
                }
            }
            virtual_server 198.51.100.36 443 {
                protocol TCP
                real_server 10.1.0.11 8443 { weight 100 }
                real_server 10.1.0.12 8443 { weight 50 }
            }
            """)
        #expect(cloud.notes.isEmpty && cloud.typeCount == 1 && cloud.sectionCount == 2 && cloud.serverCount == 2)
        #expect(
            cloud.files.map(\.text) == [
                """
                # From k.conf. `portcullis apply -f` takes it.

                types:
                  - types/vs-198-51-100-36-80.yaml
                locations:
                  main:
                    pools:
                      ip-198-51-100-36:
                        - 198.51.100.36
                    servers:
                      server-10-1-0-11:
                        kind: app
                        addresses:
                          - 10.1.0.11
                      server-10-1-0-12:
                        kind: app
                        addresses:
                          - 10.1.0.12
                services:
                  vs-198-51-100-36-80.1: server-10-1-0-11
                  vs-198-51-100-36-80.2:
                    server: server-10-1-0-12
                    weight: 50

                """,
                """
                # From k.conf:1, k.conf:13.
                type: vs-198-51-100-36-80
                gateway:
                  - name: tcp-80
                    address: ip-198-51-100-36
                    ports:
                      "80": 8080
                    protocol:
                      - tcp
                    scheduler: wrr
                    method: masq
                    weight: 100
                    persistence: 360
                    persistence-mask:
                      ipv4: 24
                  - name: tcp-443
                    address: ip-198-51-100-36
                    ports:
                      "443": 8443
                    protocol:
                      - tcp
                    scheduler: wlc
                    method: masq
                    weight: 100

                """,
            ])
    }

    @Test(
        "checks have keepalived's times, and its view of what is alive",
        arguments: [
            (
                "TCP_CHECK { }",
                "tcp interval=60 timeout=5 rise=1 fall=2 drop-after=0"
            ),
            (
                "delay_loop 6\nTCP_CHECK {\nconnect_port 81\nconnect_timeout 2.5\nretry 3\ndelay_before_retry 2\n}",
                "tcp port=81 interval=6 fast-interval=2 timeout=2.5 rise=1 fall=4 drop-after=0"
            ),
            (
                "inhibit_on_failure\nvirtualhost www.example.com\nHTTP_GET {\nurl {\npath /a\nstatus_code 200 301-302\nregex OK\n}\n}",
                "http path=/a host=www.example.com status=200;301-302 text=OK interval=60 fast-interval=3 timeout=5 rise=1 "
                    + "fall=2 drop-after=never"
            ),
            (
                "SSL_GET {\nenable_sni\nurl {\npath /\nvirtualhost a.example\n}\n}",
                "https path=/ host=a.example status=200-299 name=a.example verify=none interval=60 fast-interval=3 timeout=5 "
                    + "rise=1 fall=2 drop-after=0"
            ),
            (
                "DNS_CHECK {\ntype A\nname example.com.\nconnect_port 53\n}",
                "dns query=example.com type=a port=53 interval=60 fast-interval=60 timeout=5 rise=1 fall=4 drop-after=0"
            ),
            (
                "SMTP_CHECK {\nhost {\nconnect_port 25\n}\n}",
                "smtp port=25 interval=60 timeout=5 rise=1 fall=2 drop-after=0"
            ),
            ("PING_CHECK { }", "ping interval=60 timeout=5 rise=1 fall=2 drop-after=0"),
            (
                "MISC_CHECK {\nmisc_path \"/bin/check -a 'b c'\"\nmisc_timeout 10\n}",
                "command arg=/bin/check arg=-a arg=b%20c interval=60 timeout=10 rise=1 fall=1 drop-after=0"
            ),
            (
                "MISC_CHECK {\nmisc_path \"/bin/check 10.1.0.11 80\"\n}",
                "command arg=/bin/sh arg=-c arg=exec%20'/bin/check'%20%22$PORTCULLIS_ADDRESS%22%20'80' interval=60 timeout=60 "
                    + "rise=1 fall=1 drop-after=0"
            ),
            (
                "UDP_CHECK {\npayload Ab12f 3\nrequire_reply 01 x2\nconnect_port 7\n}",
                "udp send=%AB%12%0F%03 expect=%01 port=7 interval=60 timeout=5 rise=1 fall=2 drop-after=0"
            ),
        ])
    func checks(text: String, written: String) throws {
        #expect(try check(text) == written)
    }

    @Test("what a check needs otherwise is said: a time that is too long, another real server's check")
    func checkNotes() throws {
        #expect(try notes("delay_loop 3", real: "TCP_CHECK { }") == ["4 TCP_CHECK"])
        #expect(try notes(real: "TCP_CHECK { }\nMISC_CHECK {\nmisc_path /a\n}") == ["5 MISC_CHECK"])
        #expect(try notes(real: "MISC_CHECK {\nmisc_path check\n}") == ["4 MISC_CHECK"])
        #expect(
            try notes(real: "HTTP_GET {\nurl {\npath /\ndigest 00\n}\nurl {\npath /b\n}\n}").sorted() == [
                "7 digest", "9 url",
            ])
        let two = virtualServer(
            "real_server 10.1.0.12 8080 {\nTCP_CHECK {\nconnect_timeout 1\n}\n}", real: "TCP_CHECK { }")
        #expect(try imported(two).notes.map(\.place.line) == [8])
    }

    @Test("each keyword that is not carried over is named with its line")
    func unused() throws {
        let text = """
            global_defs {
              router_id a
            }
            vrrp_instance VI_1 { state MASTER }
            virtual_server 198.51.100.36 53 {
              protocol UDP
              ops
              alpha
              quorum 2
              hysteresis 1
              quorum_up "/bin/up"
              odd_word 5
              sh-port
              real_server 10.1.0.11 53 {
                lthreshold 5
                uthreshold 10
                notify_down /bin/down
                FILE_CHECK { track_file a }
              }
              real_server 10.1.0.12 54 { }
              real_server 10.1.0.13 53 { lvs_method DR }
              sorry_server 10.1.0.11 53
            }
            """
        let found = try imported(text).notes
        #expect(
            found.map { "\($0.place.line) \($0.keyword)" } == [
                "1 global_defs", "4 vrrp_instance VI_1", "8 alpha", "9 quorum 2", "10 hysteresis", "11 quorum_up",
                "12 odd_word", "13 sh-port", "14 uthreshold", "15 lthreshold", "17 notify_down", "18 FILE_CHECK",
                "20 real_server 10.1.0.12",
                "21 real_server 10.1.0.13", "22 sorry_server",
            ])
        #expect(found.allSatisfy { !$0.reason.isEmpty } && found[6].reason == "is not known to this import")
        let section = try #require(try sections(imported(text)).first)
        #expect(
            section.options.isOnePacket && section.options.maximumConnections == 0 && section.options.sorry.isEmpty)
    }

    @Test(
        "values that the cloud cannot have are named, and end nothing",
        arguments: [
            ("", "DNS_CHECK {\ntype RRSIG\n}", "5: type: \"RRSIG\" is no type of records that can be asked for"),
            ("", "DNS_CHECK {\nname a..b\n}", "5: name: \"a..b\" is no name that can be asked for"),
            ("", "HTTP_GET {\nurl {\npath /a b\n}\n}", "6: path: \"b\" is left out: it has one value"),
            ("", "HTTP_GET {\nurl {\npath /a\npath /b\n}\n}", "7: path: is there again: the last one counts"),
            ("", "HTTP_GET {\nurl {\npath a\n}\n}", "6: path: \"a\" is no path that begins with /"),
            ("", "HTTP_GET {\nurl {\nstatus_code 100 200\n}\n}", "6: status_code: \"100\" is left out: a status"),
            ("virtualhost \"a b\"", "HTTP_GET {\nurl {\npath /\n}\n}", "4: HTTP_GET: \"a b\" is no name of a host"),
            ("", "HTTP_GET {\npath /\n}", "5: path: is of no use here: it belongs into url"),
            ("", "HTTP_GET { }", "4: HTTP_GET: is left out: it has no url"),
            (
                "", "SSL_GET {\nenable_sni off\nurl {\npath /\n}\n}",
                "5: enable_sni: SNI is always sent where there is a virtualhost"
            ),
            (
                "", "TCP_CHECK {\nconnect_port 80 retry 2\n}",
                "5: connect_port: \"retry 2\" is left out: it has one value"
            ),
            ("", "TCP_CHECK {\nurl {\npath /\n}\n}", "5: url: is of no use here: it belongs into HTTP_GET or SSL_GET"),
            ("", "TCP_CHECK {\nmisc_timeout 3\n}", "5: misc_timeout: is of no use here: it belongs into MISC_CHECK"),
            ("", "TCP_CHECK {\nretry 2\ndelay_before_retry 0.01\n}", "4: TCP_CHECK: delay_before_retry becomes 100 ms"),
            ("", "TCP_CHECK {\nvirtualhost a\n}", "5: virtualhost: only HTTP_GET and SSL_GET ask for a host"),
            ("", "MISC_CHECK {\nmisc_path /a\nconnect_port 80\n}", "6: connect_port: this check asks no port"),
            ("", "MISC_CHECK {\nmisc_path /a\nconnect_timeout 5\n}", "6: connect_timeout: a command has misc_timeout"),
            (
                "", "UDP_CHECK {\npayload \(String(repeating: "00", count: 1_025))\n}",
                "4: UDP_CHECK: a datagram has up to 1024 bytes"
            ),
            ("", "weight 70000", "4: weight 70000: becomes 65535, the highest there is"),
            ("", "weight 99999999999999999999", "4: weight 99999999999999999999: becomes 65535, the highest there is"),
            ("", "uthreshold 5000000000", "4: uthreshold 5000000000: becomes 2147483647, the highest there is"),
            ("", "weight 1 2", "4: weight: \"2\" is left out: it has one value"),
            ("", "path /", "4: path: is of no use here: it belongs into url"),
            (
                "persistence_timeout 99999999", "",
                "2: persistence_timeout 99999999: becomes 2678400, the highest there is"
            ),
            (
                "persistence_granularity 255.255.255.0", "",
                "1: persistence_granularity: has no effect without persistence_timeout"
            ),
            ("lb_algo rr\nlvs_sched wlc", "", "3: lvs_sched: is there again: the last one counts"),
            ("weight 5", "", "2: weight: is of no use here: it belongs into real_server"),
            ("quorum 99999999999", "", "2: quorum 99999999999: there is no quorum"),
            ("sorry_server 127.0.0.1 80", "", "2: sorry_server: is left out: 127.0.0.1 is a loopback address"),
            ("real_server 127.0.0.1 8080 { }", "", "2: real_server 127.0.0.1: is left out: it is a loopback address"),
            ("snmp_name \"Web 1\"", "", "1: snmp_name: \"Web 1\" is lost: the type is vs-198-51-100-36-80"),
        ])
    func limited(lines: String, real: String, note: String) throws {
        let found = try imported(virtualServer(lines, real: real)).notes.map { "\($0)" }
        #expect(found.contains { $0.hasPrefix("k.conf:\(note)") }, "\(found)")
    }

    @Test("what is there twice, or is not used, is named")
    func doubled() throws {
        let again = "tcp-80: is left out: the virtual server of line 1 takes the same connections, or some of them"
        #expect(try imported(virtualServer() + virtualServer()).notes.map { "\($0)" } == ["k.conf:8: \(again)"])
        let all = "virtual_server 198.51.100.36 {\nprotocol TCP\n}\n"
        #expect(try imported(all + virtualServer()).notes.map { "\($0)" } == ["k.conf:4: \(again)"])
        // The same mark, which has TCP, too: `ops` has no meaning there.
        let ports = MarkedPorts(
            addresses: [IPAddress("198.51.100.36")!], ports: [PortRange(80, 80)!], transports: [.tcp, .udp])
        let marked = try imported(
            "virtual_server fwmark 1 {\nprotocol UDP\nops\n}\nvirtual_server fwmark 1 {\n}\n", marks: [1: ports])
        #expect(
            marked.notes.map { "\($0)" } == [
                "k.conf:3: ops: only UDP can be scheduled packet by packet",
                "k.conf:5: fwmark-1: is left out: the virtual server of line 1 takes the same connections, or some of them",
            ])
        let unused = try imported("virtual_server_group a {\n198.51.100.1 80\n}\n" + virtualServer()).notes
        #expect(unused.map { "\($0)" } == ["k.conf:1: virtual_server_group a: no virtual_server refers to it"])
        // The first check that can be carried over is.
        let second = "DNS_CHECK {\ntype RRSIG\n}\nTCP_CHECK { }\nPING_CHECK { }"
        #expect(try check(second).hasPrefix("tcp "))
        #expect(try notes(real: second) == ["5 type", "8 PING_CHECK"])
        let statuses = "HTTP_GET {\nurl {\nstatus_code 200\nstatus_code 404 300-310\n}\n}"
        #expect(try check(statuses).contains("status=200;300-310;404"))
    }

    @Test("a mark needs to be told what it stands for, and keeps the client's port")
    func mark() throws {
        let text = """
            virtual_server fwmark 1 {
              lb_kind DR
              sorry_server 10.1.0.9 80
              real_server 10.1.0.11 { TCP_CHECK { connect_port 80 } }
            }
            """
        #expect(fault(text).contains("k.conf:1: fwmark 1: the rules of nftables or iptables say which packets have it"))
        let ports = MarkedPorts(
            addresses: [IPAddress("198.51.100.36")!], ports: [PortRange(80, 80)!, PortRange(443, 443)!],
            transports: [.tcp])
        let cloud = try imported(text, marks: [1: ports])
        let section = try #require(try sections(cloud).first)
        #expect(section.publicPorts == ports.ports && section.method == .direct)
        #expect(section.options.check?.port == 80 && section.options.sorry.map(\.description) == ["10.1.0.9"])
    }

    @Test("a group becomes a pool, or one for each port")
    func groups() throws {
        let text = """
            virtual_server_group Web {
              198.51.100.36 80
              198.51.100.40-42 80
              198.51.100.56/30 443
            }
            virtual_server group Web {
              protocol TCP
              real_server 10.1.0.11 8080 { }
            }
            """
        let cloud = try imported(text)
        let found = try sections(cloud)
        #expect(found.map(\.pool) == ["web-80", "web-443"])
        #expect(
            cloud.files[0].text.contains("      - 198.51.100.42\n")
                && cloud.files[0].text.contains("      - 198.51.100.59\n"))
        #expect(fault("virtual_server group a {\n}\n").contains("there is no virtual_server_group"))
        #expect(fault("virtual_server_group a {\n198.51.100.9-3 80\n}\n").contains("k.conf:2:"))
        #expect(fault("virtual_server_group a {\n198.51.100.57/30 80\n}\n").contains("bits behind the prefix length"))
        let large = try imported("virtual_server_group a {\n10.0.0.0/8 80\n}\nvirtual_server group a {\n}\n")
        #expect(
            large.notes.map { "\($0)" }.filter { !$0.contains("UDP") } == [
                "k.conf:2: 10.0.0.0/8 80: is left out: it has more than 4096 addresses",
                "k.conf:4: virtual_server group a: is left out: the group has no entry that is carried over",
            ])
    }

    @Test("without a protocol a virtual server is UDP, as keepalived has it, which is said")
    func noProtocol() throws {
        let cloud = try imported("virtual_server 198.51.100.36 53 {\nreal_server 10.1.0.11 53 { }\n}\n")
        #expect(try sections(cloud).map(\.protocols) == [[.udp]])
        #expect(
            cloud.notes.map(\.description) == [
                "k.conf:1: virtual_server 198.51.100.36: names no protocol, so it is UDP, as keepalived takes it"
            ])
    }

    @Test("a virtual server without a port is all ports of its address")
    func allPorts() throws {
        let text =
            "virtual_server 2001:db8::36 {\nprotocol TCP\npersistence_timeout 50\nlb_kind TUN\nreal_server fd00::11 { }\n}\n"
        let section = try #require(try sections(imported(text)).first)
        #expect(section.publicPorts.map(\.description) == ["1-65535"] && section.method == .tunnel)
    }

    @Test(
        "malformed values are an error with their line",
        arguments: [
            ("lb_algo wlcc", ""), ("lb_kind NATT", ""), ("protocol ICMP", ""), ("persistence_timeout x", ""),
            ("persistence_granularity 255.0.255.0", ""), ("sorry_server 10.0.0 80", ""), ("delay_loop 1e3", ""),
            ("", "weight -1"), ("", "uthreshold x"), ("", "inhibit_on_failure perhaps"),
            (
                "", "TCP_CHECK { connect_port 65536 }"
            ), ("", "UDP_CHECK { payload zz }"),
            (
                "real_server 10.1.0.1.5 80 { }",
                ""
            ),
        ])
    func malformed(lines: String, real: String) {
        let line = lines.isEmpty ? 4 : 2
        #expect(fault(virtualServer(lines, real: real)).hasPrefix("k.conf:\(line): "))
    }
}
