#!/bb/busybox sh
# shellcheck shell=dash
# /init of the guest that run.sh starts: mounts, modules, the command, power off.
/bb/busybox mkdir -p /proc /sys /dev /tmp /run /root /usr /mnt /control /out /input
/bb/busybox --install -s /bb
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/bb HOME=/root TMPDIR=/tmp
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t tmpfs tmpfs /tmp
mount -t tmpfs tmpfs /run

# name, file and parameters of each module, dependencies first
while read -r ko params; do
	# shellcheck disable=SC2086 # a list of parameters
	insmod "/modules/$ko" $params || echo "guest: cannot load $ko $params"
done </modules/order

share() { mount -t 9p -o "trans=virtio,version=9p2000.L,msize=512000,$3" "$1" "$2"; }
share usr /usr ro,cache=loose
share control /control ro
share input /input ro
share out /out rw
ln -s usr/bin usr/sbin usr/lib usr/lib64 /
echo 'root:x:0:0:root:/root:/bin/sh' >/etc/passwd
echo 'root:x:0:' >/etc/group
echo '127.0.0.1 localhost' >/etc/hosts
ip link set lo up
stty -F /dev/console -opost

# A copy, so that the command may write beside its files.
cp -a /input /tmp/work
cd /tmp/work || exit
read -r up _ </proc/uptime
echo "guest: Linux $(uname -r), up after $up s"
sh /control/command
echo $? >/out/.status
sync
echo 0 >/proc/sys/kernel/printk
poweroff -f
