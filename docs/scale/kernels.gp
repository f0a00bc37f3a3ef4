# Drawn by vazao from kernels.dat. To change it, edit and run
#   gnuplot -e "format='pdf'" kernels.gp      (or svg, png)
reset
set encoding utf8
if (!exists('format')) format = 'svg'
data = 'kernels.dat'
if (format eq 'svg') set terminal svg noenhanced size 620,964 dynamic font 'Helvetica,13' background '#ffffff'
if (format eq 'png') set terminal pngcairo noenhanced size 1240,1928 font 'Helvetica,8' fontscale 2.6 linewidth 2 pointscale 2
if (format eq 'pdf') set terminal pdfcairo noenhanced size 12cm,18.66cm font 'Helvetica,8'
set output 'kernels.'.format
set multiplot layout 4,1 margins screen 0.15,0.97,0.0539,0.9668 spacing screen 0,0.0332
set border 3 lc rgb '#444444'
set tics nomirror
set grid ytics lc rgb '#dddddd' lt 1
set bars 0.5
set logscale x 2
set ylabel offset 0.5,0
set xrange [0.909091:8.8]
set ylabel 'all, 10^6 bit/s'
set yrange [0:*]
unset logscale y
set key at screen 0.55,0.995 center top horizontal Left reverse samplen 1.5 width 1
set xlabel ''
plot data index 0 using 1:2 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#000000' title 'native', \
 data index 0 using 1:2:3:4 with yerrorbars pt 7 ps 0.6 lc rgb '#000000' notitle, \
 data index 1 using 1:2 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#d55e00' title 'uml', \
 data index 1 using 1:2:3:4 with yerrorbars pt 7 ps 0.6 lc rgb '#d55e00' notitle
set ylabel 'CPU us/KB'
set yrange [0:*]
unset logscale y
unset key
set xlabel ''
plot data index 0 using 1:5 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#000000' title 'native', \
 data index 1 using 1:5 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#d55e00' title 'uml'
set ylabel 'Jain index'
set yrange [*<0.98:1]
unset logscale y
unset key
set xlabel ''
plot data index 0 using 1:6 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#000000' title 'native', \
 data index 0 using 1:6:7:8 with yerrorbars pt 7 ps 0.6 lc rgb '#000000' notitle, \
 data index 1 using 1:6 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#d55e00' title 'uml', \
 data index 1 using 1:6:7:8 with yerrorbars pt 7 ps 0.6 lc rgb '#d55e00' notitle
set ylabel 'neighbor p99 us'
set yrange [*:*]
set logscale y
unset key
set xlabel 'pairs at the same time'
plot data index 0 using 1:10 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#000000' title 'native', \
 data index 1 using 1:10 with linespoints pt 7 ps 0.6 lw 1.5 lc rgb '#d55e00' title 'uml'
unset multiplot
set output
