import NetworkTypes

extension LargeCloud {
    /// A script for `nft -f`: table `inet portcullis` with its sets, maps and chains, and the elements of this cloud.
    /// It replaces a table of that name.
    public var nftScript: String {
        var elements = NFTElements()
        for pool in pools {
            for address in pool.addresses { elements.add("\(address)", to: "addresses", address.family) }
        }
        for type in types {
            for address in type.pool.addresses {
                switch type.exposure {
                case .ports(let ports):
                    for port in ports {
                        elements.add("\(address) . tcp . \(port.external)", to: "ports", address.family)
                    }
                case .mark(let mark, ports: let ports):
                    let admitting = ports.isSinglePort ? "ports" : "ranges"
                    for transport in [TransportProtocol.tcp, .udp] {
                        let key = "\(address) . \(transport) . \(ports)"
                        elements.add(key, to: admitting, address.family)
                        elements.add("\(key) : \(mark)", to: "marks", address.family)
                    }
                }
            }
        }
        return """
            table inet portcullis
            delete table inet portcullis
            table inet portcullis {
                counter dropped {
                }

            \(AddressFamily.allCases.map { sets($0, elements) }.joined(separator: "\n"))
                chain prerouting {
                    type filter hook prerouting priority mangle; policy accept;
                    ct direction reply return
                    meta mark set ip daddr . meta l4proto . th dport map @marks4
                    meta mark set ip6 daddr . meta l4proto . th dport map @marks6
                }

                chain input {
                    type filter hook input priority filter; policy accept;
                    ip daddr @addresses4 jump exported
                    ip6 daddr @addresses6 jump exported
                }

                chain exported {
                    ip daddr . meta l4proto . th dport @ports4 accept
                    ip6 daddr . meta l4proto . th dport @ports6 accept
                    ip daddr . meta l4proto . th dport @ranges4 accept
                    ip6 daddr . meta l4proto . th dport @ranges6 accept
                    meta l4proto { icmp, ipv6-icmp } accept
                    ct direction reply accept
                    ct state related accept
                    counter name dropped drop
                }
            }

            """
    }

    private func sets(_ family: AddressFamily, _ elements: NFTElements) -> String {
        let number = family == .ipv4 ? "4" : "6"
        let key = "\(family == .ipv4 ? "ipv4_addr" : "ipv6_addr")"
        func block(_ head: String, _ name: String, _ properties: [String]) -> String {
            var lines = properties
            let members = elements[name, family]
            if !members.isEmpty { lines.append("elements = { \(members.joined(separator: ",\n            ")) }") }
            return "    \(head) \(name)\(number) {\n        \(lines.joined(separator: "\n        "))\n    }\n"
        }
        let service = "type \(key) . inet_proto . inet_service"
        return [
            block("set", "addresses", ["type \(key)"]),
            block("set", "ports", [service]),
            block("set", "ranges", [service, "flags interval"]),
            block("map", "marks", ["\(service) : mark", "flags interval"]),
        ].joined(separator: "\n")
    }
}

/// The elements of each set, by name and family.
private struct NFTElements {
    private var members: [String: [AddressFamily: [String]]] = [:]

    mutating func add(_ element: String, to name: String, _ family: AddressFamily) {
        members[name, default: [:]][family, default: []].append(element)
    }

    subscript(name: String, family: AddressFamily) -> [String] { members[name]?[family] ?? [] }
}
