import ArgumentParser
import Cloud
import Fuzzing
import Keepalived
import NetworkTypes
import YAML

struct FuzzKeepalived: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keepalived",
        abstract: "A keepalived.conf, whose types must then be types, and the cloud file YAML.")

    @OptionGroup var options: FuzzOptions

    func run() throws {
        let ports = MarkedPorts(
            addresses: [IPAddress("198.51.100.36")].compactMap(\.self), ports: [PortRange(80, 89)].compactMap(\.self),
            transports: [.tcp, .udp])
        options.run(
            "keepalived", corpus: [Self.servers, Self.lines].map { Array($0.utf8) },
            dictionary: [
                "\n", " ", "{", "}", "\"", "'", "\\", "#", "!", "$A=", "${A}", "$A ", "@a ", "@^a ", "~SEQ(N, 1, 3) ",
                "~SEQx(N, 9) ", "~LST(A, 1, 2) ", "include k.conf\n", "fwmark 1", "group G", "10.1.0.11-13 80",
                "2001:db8::/126 53", "TUN", "DR", "ops", "inhibit_on_failure", "PING_CHECK { }", "HTTP_GET {\nurl {\n",
                "connect_port ", "retry 99", "delay_loop 0.05", "sorry_server ", "weight 0",
            ],
            body: { bytes in
                guard let text = String(validating: bytes, as: UTF8.self) else { return false }
                let files = KeepalivedFiles(read: { _ in .success(text) }, matching: { [$0] })
                let settings = KeepalivedImport.Settings(location: "main", configurationID: "a", marks: [1: ports])
                guard let cloud = try? KeepalivedImport(reading: "k.conf", of: files, settings) else { return false }
                for file in cloud.files {
                    precondition((try? YAMLDocument.parseOne(file.text, file: file.path)) != nil, "no YAML is written")
                    guard file.path.hasPrefix("types/") else { continue }
                    do {
                        _ = try MetaConfiguration.load(file.text, file: file.path)
                    } catch {
                        preconditionFailure("a type is written that is refused: \(error)")
                    }
                }
                return true
            })
    }

    private static let servers = """
        virtual_server_group G {
            198.51.100.40-42 53
            fwmark 1
        }
        virtual_server 198.51.100.36 80 {
            delay_loop 6
            lvs_sched wrr
            lvs_method NAT
            persistence_timeout 50
            persistence_granularity 255.255.255.0
            protocol TCP
            virtualhost www.example.com
            sorry_server 10.1.0.9 8080
            real_server 10.1.0.11 8080 {
                weight 3
                uthreshold 500
                HTTP_GET {
                    url {
                        path /health?full=1
                        status_code 200 300-302
                        regex "all is well"
                    }
                    connect_timeout 3.5
                    retry 2
                }
            }
            real_server 10.1.0.12 8080 {
                MISC_CHECK { misc_path "/bin/check 10.1.0.12 'a b'" }
            }
        }
        virtual_server group G {
            protocol UDP
            ops
            real_server 10.1.0.21 53 {
                DNS_CHECK {
                    type A
                    name example.com
                }
            }
            real_server 10.1.0.22 53 {
                UDP_CHECK {
                    payload ab 1 2
                    require_reply 00 x1
                }
            }
        }

        """

    private static let lines = """
        $A=10.1.0.${N}
        $RS= \\
        real_server ${A} 80 { \\
            TCP_CHECK { connect_port 80 } \\
        }
        @a virtual_server 2001:db8::36 443 {
            lb_kind TUN
            protocol TCP
            ~SEQ(N, 1, 3) real_server fd00::${N} 443 { SSL_GET { url { path / } } }
            ~LST({N, M}, {1, 2}, {3, 4}) real_server fd00::${N}${M} 443 { SMTP_CHECK { } }
            $N=5
            $RS
        }

        """
}
