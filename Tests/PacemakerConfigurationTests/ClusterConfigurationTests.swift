import NetworkTypes
import Testing

@testable import PacemakerConfiguration

@Suite struct ClusterConfigurationTests {
    private func site() throws -> ClusterSite {
        ClusterSite(
            nodes: ["gw1", "gw2"],
            publicAddresses: try ["198.51.100.36", "2001:db8:0:1::36"].map { try #require(IPAddress($0)) },
            publicInterface: "eth0", insideAddresses: [try #require(.init("10.1.0.1/24"))], insideInterface: "eth1",
            fences: ["gw1", "gw2"].map {
                ClusterSite.Fence(node: $0, agent: "fence_ipmilan", parameters: ["ip=10.0.0.1", "password=a b"])
            })
    }

    @Test("for crmsh")
    func crm() throws {
        let text = ClusterConfiguration(try site(), origin: "export 3f2a91c07b5e").crm
        #expect(
            text == #"""
                # Portcullis on gw1 and gw2; public addresses of export 3f2a91c07b5e
                # docs/cluster.md explains each part.
                property stonith-enabled=true priority-fencing-delay=1s transition-delay=200ms
                rsc_defaults resource-stickiness=100 migration-threshold=3 failure-timeout=10min
                primitive fence-gw1 stonith:fence_ipmilan \
                    params pcmk_host_list=gw1 ip=10.0.0.1 password='a b' \
                    op monitor interval=60s
                primitive fence-gw2 stonith:fence_ipmilan \
                    params pcmk_host_list=gw2 ip=10.0.0.1 password='a b' \
                    op monitor interval=60s
                primitive gateway ocf:portcullis:gateway \
                    params announcements=0 \
                    op start timeout=90s \
                    op stop timeout=90s \
                    op promote timeout=40s \
                    op demote timeout=40s \
                    op monitor role=Promoted interval=5s timeout=90s \
                    op monitor role=Unpromoted interval=7s timeout=90s \
                    op monitor role=Promoted interval=61s timeout=90s OCF_CHECK_LEVEL=10 \
                    op monitor role=Unpromoted interval=67s timeout=90s OCF_CHECK_LEVEL=10
                primitive addresses ocf:portcullis:addresses \
                    params addresses='10.1.0.1/24@eth1 198.51.100.36/32@eth0 2001:db8:0:1::36/128@eth0' \
                    op monitor interval=10s timeout=20s
                clone gateways gateway \
                    meta promotable=true promoted-max=1 clone-max=2 interleave=true priority=10 migration-threshold=1
                location fence-gw1-elsewhere fence-gw1 -inf: gw1
                location fence-gw2-elsewhere fence-gw2 -inf: gw2
                colocation addresses-active inf: addresses gateways:Promoted
                order addresses-programmed Optional: gateways:start addresses:start
                order addresses-first Optional: addresses:start gateways:promote symmetrical=false

                """#)
    }

    @Test("for pcs: the same in its words")
    func pcs() throws {
        let lines = ClusterConfiguration(try site(), origin: "export 3f2a91c07b5e").pcs.split(separator: "\n")
        #expect(
            lines.prefix(6) == [
                "#!/bin/sh", "# Portcullis on gw1 and gw2; public addresses of export 3f2a91c07b5e",
                "# docs/cluster.md explains each part.", "set -e", "pcs cluster cib portcullis.xml",
                "cp portcullis.xml portcullis.xml.before",
            ])
        let created =
            "stonith create fence-gw1 fence_ipmilan pcmk_host_list=gw1 ip=10.0.0.1 password='a b' op monitor interval=60s"
        for command in [
            "property set stonith-enabled=true", "property set --force transition-delay=200ms",
            "resource defaults update resource-stickiness=100 migration-threshold=3 failure-timeout=10min",
        ] {
            #expect(lines.contains("pcs -f portcullis.xml \(command)"))
        }
        // Once, however often it is run
        for (id, command) in [
            ("fence-gw1", created),
            (
                "addresses",
                "resource create addresses ocf:portcullis:addresses "
                    + "addresses='10.1.0.1/24@eth1 198.51.100.36/32@eth0 2001:db8:0:1::36/128@eth0' "
                    + "op monitor interval=10s timeout=20s"
            ),
            (
                "gateways",
                "resource promotable gateway gateways promoted-max=1 clone-max=2 interleave=true priority=10 "
                    + "migration-threshold=1"
            ),
            (
                "addresses-active",
                "constraint colocation add addresses with promoted gateways INFINITY id=addresses-active"
            ),
            (
                "addresses-programmed",
                "constraint order start gateways then start addresses kind=Optional id=addresses-programmed"
            ),
            (
                "addresses-first",
                "constraint order start addresses then promote gateways kind=Optional symmetrical=false id=addresses-first"
            ),
            ("fence-gw1-elsewhere", "-- constraint location add fence-gw1-elsewhere fence-gw1 gw1 -INFINITY"),
        ] {
            #expect(lines.contains("has \(id) || pcs -f portcullis.xml \(command)"), "\(command)")
        }
        #expect(
            lines.contains(
                "! has fence-gw1 || pcs -f portcullis.xml stonith update fence-gw1 pcmk_host_list=gw1 ip=10.0.0.1 password='a b'"
            ))
        #expect(lines.last == "pcs cluster cib-push portcullis.xml diff-against=portcullis.xml.before")
    }

    @Test("each address a resource of IPaddr2, where that is wanted")
    func eachAddress() throws {
        var site = try site()
        site.addressAgent = .ipaddr2
        let text = ClusterConfiguration(site, origin: "an export").crm
        for line in [
            "primitive address-198.51.100.36 ocf:heartbeat:IPaddr2 \\\n    params ip=198.51.100.36 cidr_netmask=32 nic=eth0 \\\n",
            "primitive address-2001-db8-0-1--36 ocf:heartbeat:IPaddr2 \\\n"
                + "    params ip=2001:db8:0:1::36 cidr_netmask=128 nic=eth0 nodad=true \\\n",
            "primitive address-10.1.0.1 ocf:heartbeat:IPaddr2 \\\n    params ip=10.1.0.1 cidr_netmask=24 nic=eth1 \\\n",
            "colocation address-10.1.0.1-active inf: address-10.1.0.1 gateways:Promoted",
            "order address-10.1.0.1-programmed Optional: gateways:start address-10.1.0.1:start",
        ] {
            #expect(text.contains("\n\(line)"), "\(line)")
        }
        #expect(!text.contains("ocf:portcullis:addresses"))
    }

    @Test("the wait before a node shoots")
    func fencingDelay() throws {
        var site = try site()
        site.fencingDelay = 0
        #expect(ClusterConfiguration(site, origin: "an export").crm.contains(" priority-fencing-delay=0s "))
    }

    @Test("ADMIN stays with its registry and away from the active gateway")
    func lan() throws {
        var site = try site()
        site.admin = ClusterSite.Admin(
            address: try #require(.init("10.1.0.5/24")), url: "https://admin.example:8443")
        let text = ClusterConfiguration(site, origin: "an export").crm
        for line in [
            "group lan admin-files admin-address admin-server \\\n    meta resource-stickiness=1",
            "colocation lan-with-registry inf: lan registry-copies:Promoted",
            "order lan-after-registry Mandatory: registry-copies:promote lan:start",
            "colocation lan-beside-active -200: lan gateways:Promoted",
            "primitive admin-files ocf:heartbeat:Filesystem \\\n    params device=/dev/drbd0 directory=/var/lib/portcullis-admin "
                + "fstype=ext4 options=noatime \\\n    op start timeout=60s \\\n    op stop timeout=60s \\\n",
            "primitive admin-server ocf:portcullis:admin \\\n    params url=https://admin.example:8443",
        ] {
            #expect(text.contains("\n\(line)"))
        }
        let pcs = ClusterConfiguration(site, origin: "an export").pcs
        #expect(
            pcs.contains(
                "\nhas lan-beside-active || pcs -f portcullis.xml "
                    + "-- constraint colocation add lan with promoted gateways -200 id=lan-beside-active\n"))
    }

    @Test("a node that nothing can cut off gets an agent that no tool takes")
    func withoutFencing() throws {
        var site = try site()
        site.fences.removeLast()
        #expect(site.nodesWithoutFence == ["gw2"])
        let cluster = ClusterConfiguration(site, origin: "an export")
        #expect(cluster.crm.contains("primitive fence-gw2 stonith:CHOOSE-A-FENCE-AGENT"))
        #expect(cluster.pcs.contains("stonith create fence-gw2 CHOOSE-A-FENCE-AGENT"))
        #expect(cluster.crm.contains("stonith-enabled=true"))
    }

    @Test("a value is quoted for the tool that reads it", arguments: ["it's", "a'b;id;'", "$HOME `id` \\"])
    func quoting(value: String) throws {
        var site = try site()
        site.fences[0].parameters = ["password=\(value)"]
        try site.validate()
        let cluster = ClusterConfiguration(site, origin: "an export")
        let inDouble = value.contains("'")
        #expect(cluster.crm.contains(inDouble ? "password=\"\(value)\" " : "password='\(value)' "))
        #expect(
            cluster.pcs.contains(
                "password='\(value.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#))' "
            ))
    }

    @Test("a quote is one for the tools even with an accent behind it, since they read bytes")
    func accentedQuote() throws {
        var site = try site()
        site.fences[0].parameters = ["password=a'\u{301}b;id"]
        try site.validate()
        let cluster = ClusterConfiguration(site, origin: "an export")
        #expect(cluster.crm.contains("password=\"a'\u{301}b;id\" "))
        #expect(cluster.pcs.contains("password='a'\\''\u{301}b;id' "))
        site.fences[0].parameters = ["password=a'\u{301}\"b"]
        #expect(throws: ClusterSiteError.self) { try site.validate() }
    }

    @Test("what a tool would take apart is refused by its option")
    func hostile() throws {
        let valid = try site()
        try valid.validate()
        func refused(_ change: (inout ClusterSite) throws -> Void) throws -> String? {
            var site = valid
            try change(&site)
            return #expect(throws: ClusterSiteError.self) { try site.validate() }?.description
        }
        #expect(
            try refused { $0.nodes[1] = "gw2; reboot" }
                == #"--node "gw2; reboot": a name here has 1 to 255 of a-z, A-Z, 0-9 and ._-"#)
        #expect(
            try refused { $0.nodes[1] = "gw2\nproperty stonith-enabled=false" }?.hasPrefix(
                #"--node "gw2\nproperty"#) == true)
        #expect(try refused { $0.publicInterface = "" }?.hasPrefix("--interface") == true)
        #expect(try refused { $0.publicInterface = "a-name-of-16-byte" }?.hasPrefix("--interface") == true)
        #expect(try refused { $0.insideInterface = "" }?.hasPrefix("--inside-interface") == true)
        #expect(try refused { $0.fences[0].agent = "fence_a b" }?.hasPrefix("--fence") == true)
        #expect(try refused { $0.fences[0].parameters = ["password=a\u{7f}"] }?.hasSuffix("control character") == true)
        #expect(try refused { $0.fences[0].parameters = [#"password=a'"b"#] }?.hasPrefix("--fence") == true)
        #expect(try refused { $0.fences.append($0.fences[0]) } == #"--fence "gw1": it is given twice for that node"#)
        #expect(
            try refused { $0.insideAddresses.append(try #require(.init("198.51.100.36/24"))) }?.hasPrefix("--inside")
                == true)
        #expect(
            try refused { $0.admin = .init(address: try #require(.init("10.1.0.1/24")), url: "http://a") }?.hasPrefix(
                "--admin-address") == true)
    }
}
