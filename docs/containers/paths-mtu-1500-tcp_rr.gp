# Drawn by vazao from paths-mtu-1500-tcp_rr.dat. To change it, edit and run
#   gnuplot -e "format='pdf'" paths-mtu-1500-tcp_rr.gp      (or svg, png)
reset
set encoding utf8
if (!exists('format')) format = 'svg'
data = 'paths-mtu-1500-tcp_rr.dat'
small = 'Helvetica,7'
mark = 0.8
if (format eq 'svg') set terminal svg noenhanced size 620,816 dynamic font 'Helvetica,13' background '#ffffff'; small = 'Helvetica,11'; mark = 0.55
if (format eq 'png') set terminal pngcairo noenhanced size 1240,1632 font 'Helvetica,8' fontscale 2.6 linewidth 2 pointscale 2
if (format eq 'pdf') set terminal pdfcairo noenhanced size 12cm,15.79cm font 'Helvetica,8' pointscale 0.55
set output 'paths-mtu-1500-tcp_rr.'.format
set tmargin at screen 0.9510
set bmargin at screen 0.1176
set rmargin at screen 0.96
set label 'tcp_rr, MTU 1500' at screen 0.03,0.985 left
set border 1 lc rgb '#444444'
set tics nomirror
set grid xtics lc rgb '#dddddd' lt 1
set bars 0.4
set ytics scale 0 ('veth' 1, 'bridge' 2, 'macvlan' 3, 'ipvlan' 4, 'pasta' 5, 'pasta.mtu' 6, 'slirp4netns' 7, 'slirp4netns.mtu' 8)
top = 109.449
set xrange [0:top]
set yrange [8.5:0.5]
set key at screen 0.55,0.01 center bottom horizontal maxcols 2 Left reverse samplen 1 width 1
set xlabel 'Efficiency (% of native)'
set label 'hollow: not within ±5 %' at screen 0.96,0.985 right font small tc rgb '#666666'
set label 'failed' at 1,3.7375 left font small tc rgb '#000000'
set label 'failed' at 1,3.9125 left font small tc rgb '#d55e00'
set label 'failed' at 1,4.0875 left font small tc rgb '#0072b2'
set label 'failed' at 1,4.2625 left font small tc rgb '#009e73'
set arrow from 100,graph 0 to 100,graph 1 nohead lc rgb '#888888' back
plot NaN notitle, \
 data index 0 using ($5==0?$2:NaN):1:3:4 with xerrorbars pt 7 ps mark lc rgb '#000000' notitle, \
 data index 0 using ($5==1?$2:NaN):1:3:4 with xerrorbars pt 6 ps mark lc rgb '#000000' notitle, \
 keyentry with points pt 7 ps mark lc rgb '#000000' title 'send, offload off', \
 data index 1 using ($5==0?$2:NaN):1:3:4 with xerrorbars pt 5 ps mark lc rgb '#d55e00' notitle, \
 data index 1 using ($5==1?$2:NaN):1:3:4 with xerrorbars pt 4 ps mark lc rgb '#d55e00' notitle, \
 keyentry with points pt 5 ps mark lc rgb '#d55e00' title 'send, offload on', \
 data index 2 using ($5==0?$2:NaN):1:3:4 with xerrorbars pt 9 ps mark lc rgb '#0072b2' notitle, \
 data index 2 using ($5==1?$2:NaN):1:3:4 with xerrorbars pt 8 ps mark lc rgb '#0072b2' notitle, \
 keyentry with points pt 9 ps mark lc rgb '#0072b2' title 'receive, offload off', \
 data index 3 using ($5==0?$2:NaN):1:3:4 with xerrorbars pt 11 ps mark lc rgb '#009e73' notitle, \
 data index 3 using ($5==1?$2:NaN):1:3:4 with xerrorbars pt 10 ps mark lc rgb '#009e73' notitle, \
 keyentry with points pt 11 ps mark lc rgb '#009e73' title 'receive, offload on'
set output
