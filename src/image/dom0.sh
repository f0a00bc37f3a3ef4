#!/usr/bin/busybox sh
# dom0's start: what Xen's toolstack needs, the network as figure 1 of the
# 2007 study draws it, and domU where the lab asks for one. Run by PID 1
# before the agent; what it prints is on the console. Variables from the
# kernel's command line:
#   vazao_network      figure1, or bridge: no eth0, xenbr0 itself is dom0's
#   vazao_domU_mac     domU's eth0; not set: no domU
#   vazao_domU_memory  MiB
#   vazao_domU_line    the port on which domU's agent is passed on: vport1p2;
#                      not set: PID 1 takes its connection itself
#   vazao_words        more of them for domU, with colons between
set -e
/usr/bin/busybox --install -s /usr/bin 2>/dev/null || true
export PATH=/usr/sbin:/usr/bin
xen=$(echo /usr/lib/xen-4.*)
export PATH="$PATH:$xen/bin" LD_LIBRARY_PATH="$xen/lib/x86_64-linux-gnu"
fail() { echo "dom0: $*"; exit 1; }
# what the machine cannot do without has ended: so does it, and the lab, which
# reads the console, starts all anew
halt_all() {
	echo "dom0: $*" | tr "\r\n" "  "
	echo
	sleep 0.2
	poweroff -f
}
trap 'fail "line $LINENO failed"' EXIT

mkdir -p /proc/xen /run/xen /run/xenstored /var/lib/xenstored /var/lib/xen \
	/var/lock /var/log/xen/console /tmp /etc/xen /root
[ -e /var/run ] || ln -s /run /var/run
mkdir -p /dev/pts
mount -t devpts devpts /dev/pts # consoles of guests
mount -t xenfs xenfs /proc/xen
xenstored --pid-file /run/xen/xenstored.pid
for i in $(seq 100); do
	xenstore-read / >/dev/null 2>&1 && break
	[ "$i" != 100 ] || fail "xenstored does not answer"
	sleep 0.1
done
(
	trap - EXIT
	/init --await /run/xen/xenstored.pid
	halt_all "xenstored has ended"
) &
xen-init-dom0 >/dev/null
xenconsoled --pid-file /run/xen/xenconsoled.pid --log=guest \
	--log-dir=/var/log/xen/console

# figure 1: eth0 / vif0.0 - xenbr0 - peth0; or, as it is done today, the
# address on the bridge: xenbr0 - peth0
mac=$(cat /sys/class/net/eth0/address)
ip link set eth0 down
ip link set eth0 name peth0
brctl addbr xenbr0
echo 0 > /sys/class/net/xenbr0/bridge/forward_delay
ports=peth0
own=xenbr0
if [ "$vazao_network" != bridge ]; then
	/init --veth vif0.0 eth0
	ports="peth0 vif0.0"
	own=eth0
fi
for i in $ports; do
	ip link set "$i" address fe:ff:ff:ff:ff:ff
	brctl addif xenbr0 "$i"
	ip link set "$i" up
done
ip link set "$own" address "$mac"
ip link set xenbr0 up
ip link set "$own" up

trap - EXIT
[ -n "$vazao_domU_mac" ] || exit 0
trap 'fail "line $LINENO failed"' EXIT

# domU's agent speaks over a second vif, on a bridge of its own
brctl addbr mgmt0
echo 0 > /sys/class/net/mgmt0/bridge/forward_delay
ip addr add 10.99.0.1/24 dev mgmt0
ip link set mgmt0 up

# domU's file system: PID 1 and the modules
mkdir -p /run/domU/modules /run/domU/dev
cp /init /run/domU/init
for i in $(cat /modules/guest); do cp "$i" /run/domU/modules/; done
cp /modules/guest /run/domU/modules/order
(cd /run/domU && find . | cpio -o -H newc 2>/dev/null) > /run/domU.img
rm -r /run/domU

# what the toolstack's own vif-bridge does here; under tcg, its hundreds of
# lines of bash took a quarter of the time until domU was there
cat > /run/vif-bridge <<"END"
#!/usr/bin/busybox sh
set -e
[ "$1" = online ] || exit 0
ip link set "$vif" down
ip link set "$vif" address fe:ff:ff:ff:ff:ff
brctl addif "$(xenstore-read "$XENBUS_PATH/bridge")" "$vif"
ip link set "$vif" up
xenstore-write "$XENBUS_PATH/hotplug-status" connected
END
chmod 755 /run/vif-bridge

cat > /run/domU.cfg <<END
name = "domU"
type = "pv"
kernel = "/kernel"
ramdisk = "/run/domU.img"
memory = $vazao_domU_memory
vcpus = 1
vif = [ 'mac=$vazao_domU_mac,bridge=xenbr0,script=/run/vif-bridge',
	'mac=00:16:3e:99:00:02,bridge=mgmt0,script=/run/vif-bridge' ]
on_poweroff = "destroy"
on_reboot = "destroy"
on_crash = "destroy"
extra = "console=hvc0 quiet loglevel=4 panic=-1 vazao_node=domU vazao_device=eth0 vazao_line=tcp:eth1:10.99.0.2:10.99.0.1:7000 $(echo "$vazao_words" | tr : " ")"
END
# domU's end is this machine's: the lab starts both anew. xl tells of it at
# once; of a panic, domU's connection would not.
[ -z "$vazao_domU_line" ] ||
	/init --relay "/dev/$vazao_domU_line" 10.99.0.1 7000 &
xl create -F /run/domU.cfg 2>&1 | {
	trap - EXIT
	set +e
	while read -r line; do
		case "$line" in
		*"has shut down"* | *"has been destroyed"* | *rror*) break ;;
		esac
	done
	log=/var/log/xen/console/guest-domU.log
	halt_all "domU has ended ($line); its console: $(
		grep -a "Kernel panic" $log || tail -n 3 $log 2>/dev/null
	)"
} &
trap - EXIT
exit 0
